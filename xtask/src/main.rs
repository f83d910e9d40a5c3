//! Chores of the workspace: `cargo xtask help`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "chores report on the terminal"
)]

mod checks;
mod ci;
mod extras;
mod fresh;
mod setup;
mod shell;
mod tasks;
mod wheels;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Chores of the llm-mri workspace.

usage: cargo xtask COMMAND

  setup [--force]   fetch what is missing: libtorch (unless you have one) and a small real model
  demo [--readme]   set up, build, scan the bundled corpus and name the pictures; --readme also
                    refreshes the pictures of the README
  test [ARGS…]      set up and run the whole test suite, ignored tests included; ARGS go to the
                    test runner
  bench [ARGS…]     set up and run the benchmarks; ARGS go to cargo bench
  ci [STEP…]        all that a change must pass, or those of its steps: setup, extras, format, style,
                    imports, dependencies, licenses, lints, tests, fresh, docs, features, packages, demo,
                    own-crate
  fresh [--seed N]  compare with hidden states that transformers computes for new texts and models;
                    the seed is that of the day
  golden            make the golden files of the tests anew with the committed Python scripts

A libtorch of your own is used if LIBTORCH names its folder, or if LIBTORCH_USE_PYTORCH=1 and
python3 has PyTorch. Scripts run with the python named by MRI_PYTHON, or python3.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let flag = |name: &str| -> Result<bool> {
        match rest.as_slice() {
            [] => Ok(false),
            [only] if only == name => Ok(true),
            _ => bail!(
                "{command} takes {name} and nothing else, not {}",
                rest.join(" ")
            ),
        }
    };
    let none = || match rest.as_slice() {
        [] => Ok(()),
        more => bail!("{command} takes no arguments, not {}", more.join(" ")),
    };
    match command.as_str() {
        "setup" => setup::setup(flag("--force")?),
        "demo" => tasks::demo(flag("--readme")?),
        "test" => tasks::test(&rest),
        "bench" => tasks::bench(&rest),
        "ci" => ci::ci(&rest),
        "fresh" => fresh::fresh(&rest),
        "golden" => none().and_then(|()| tasks::golden()),
        "" | "help" | "-h" | "--help" => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("there is no command {other:?}; `cargo xtask help` lists them"),
    }
}
