//! Tells the linker, and the build scripts of dependents, where libtorch lies.
//!
//! `torch-sys` finds libtorch and publishes its folder; cargo passes that on to direct dependents
//! only. This script puts the folder into the run path of this package's own tests and publishes
//! it once more, so that a package with programs can do the same in its build script:
//!
//! ```text
//! if let Ok(folder) = std::env::var("DEP_MRI_EXTRACT_LIBTORCH_LIB") {
//!     println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
//! }
//! // Only set for a libtorch with CUDA: nothing refers to that library by symbol, so a linker
//! // that keeps only what is needed would drop it.
//! if let Ok(library) = std::env::var("DEP_MRI_EXTRACT_LIBTORCH_CUDA") {
//!     println!("cargo::rustc-link-arg=-Wl,--no-as-needed,{library},--as-needed");
//! }
//! ```

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by torch-sys, hence only with the feature `tch`.
    let Ok(folder) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    println!("cargo::metadata=libtorch_lib={folder}");
    // Windows looks for libraries on PATH and knows no run path.
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return;
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    let cuda = Path::new(&folder).join("libtorch_cuda.so");
    if cuda.exists() {
        let cuda = cuda.display();
        println!("cargo::metadata=libtorch_cuda={cuda}");
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,{cuda},--as-needed");
    }
}
