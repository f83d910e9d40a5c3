//! Goldens that nobody has tuned to: made with a seed of the day by transformers, and compared at
//! once.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::extras;
use crate::setup::{model, setup};
use crate::shell::{python, root, run};
use crate::tasks::run_tests;

/// The families whose models are also exported as TorchScript modules: an encoder and a decoder.
/// Tracing takes some ten seconds each.
const EXPORTED: [&str; 2] = ["bert", "gpt2"];

/// Makes hidden states of new texts, models of every family with new weights, and TorchScript
/// modules, and runs the tests that compare ours with them.
pub(crate) fn fresh(args: &[String]) -> Result<()> {
    let seed = match args {
        [] => seed_of_the_day()?,
        [flag, seed] if flag == "--seed" => seed.parse().context("--seed takes a number")?,
        _ => bail!("fresh takes --seed N and nothing else"),
    };
    println!("fresh goldens of seed {seed}; `cargo xtask fresh --seed {seed}` makes the same");
    setup(false)?;
    let packages = extras::fetch_transformers()?;
    let out = root().join(".cache/fresh");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let tests = root().join("crates/mri-extract/tests/golden");
    let script = |path: &Path| {
        let mut python = python();
        python.arg(path).env("PYTHONPATH", &packages);
        python
    };
    let seed_text = seed.to_string();

    let states = out.join("minilm.safetensors");
    fs::create_dir_all(&out)?;
    let mut hidden_states = script(&tests.join("hidden_states.py"));
    hidden_states.arg("--model").arg(model());
    hidden_states.arg("--out").arg(&states);
    let pooling = ["first", "last", "mean"][(seed % 3) as usize];
    run(hidden_states.args(["--seed", &seed_text, "--pooling", pooling]))?;

    let families = out.join("families");
    let mut random_models = script(&tests.join("families.py"));
    random_models.args(["--seed", &seed_text]).arg("--out");
    run(random_models.arg(&families))?;

    let modules = out.join("torchscript");
    for family in EXPORTED {
        let mut export = script(&root().join("crates/mri-extract/recipes/export_torchscript.py"));
        export
            .arg("--model")
            .arg(tests.join("families").join(family));
        let module = modules.join(family).with_extension("pt");
        run(export.arg("--out").arg(module))?;
    }

    run_tests(&[], |command| {
        command.env("MRI_FRESH_GOLDEN", &states);
        command.env("MRI_FRESH_FAMILIES", &families);
        command.env("MRI_FRESH_TORCHSCRIPT", &modules);
        command.args(["--", "--include-ignored", "fresh"]);
    })
}

/// Days since 1970.
fn seed_of_the_day() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(now.context("the clock is before 1970")?.as_secs() / 86_400)
}
