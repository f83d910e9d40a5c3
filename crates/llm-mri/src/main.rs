//! The `llm-mri` program: see `llm-mri --help`.

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run()
}
