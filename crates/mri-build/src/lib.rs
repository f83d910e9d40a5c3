//! Build-script helper: lets programs that use llm-mri find libtorch when they start.
//!
//! libtorch is a shared library outside the system's search path. Cargo applies the linker
//! arguments of a build script to the package of that script alone, so `llm-mri` cannot set the
//! run path of a program in another package. It publishes the folder of libtorch as `links`
//! metadata instead, which cargo hands to the build scripts of direct dependents, and
//! [`link_libtorch`] turns it into linker arguments. In a package with programs, tests or benches
//! it is all that `main` of `build.rs` has to do:
//!
//! ```
//! mri_build::link_libtorch();
//! ```
//!
//! The alternative that needs no build script, a library search path inside the target folder,
//! reaches only programs started by cargo, and every child process of theirs: a Python with
//! another PyTorch would load this libtorch.

#![allow(
    clippy::print_stdout,
    reason = "a build script gives cargo its instructions on standard output"
)]

mod instructions;

use std::env;

use instructions::{Os, find_folder, link_arguments};

/// Puts the folder of libtorch into the run path of the calling package's programs, tests,
/// examples and benches.
///
/// For the build script of a package that depends directly on `llm-mri` or `mri-extract` with
/// feature `tch`; any other gets a warning from cargo. With a libtorch for CUDA, the program is
/// also linked to `libtorch_cuda.so`, which a linker would drop since no symbol refers to it.
/// On Windows, which searches `PATH` and has no run path, nothing is set.
pub fn link_libtorch() {
    println!("cargo::rerun-if-changed=build.rs");
    match find_folder(variable) {
        Some(folder) => link(&folder),
        None => println!(
            "cargo::warning=no libtorch to link: this package needs a direct dependency on \
             llm-mri or mri-extract with the feature `tch`"
        ),
    }
}

/// Like [`link_libtorch`], for a library with a `links` key: also publishes the folder to the
/// build scripts of its direct dependents, as `DEP_<links>_LIBTORCH_LIB`.
///
/// Does nothing where no dependency publishes a libtorch, that is, without the feature `tch`.
pub fn publish_libtorch() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(folder) = find_folder(variable) {
        println!("cargo::metadata=libtorch_lib={folder}");
        link(&folder);
    }
}

fn link(folder: &str) {
    for argument in link_arguments(folder, Os::of_target(variable)) {
        println!("cargo::rustc-link-arg={argument}");
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
