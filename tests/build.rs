//! Puts the folder of libtorch into the run path of these tests; see the build script of mri-extract.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(folder) = std::env::var("DEP_MRI_EXTRACT_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if let Ok(library) = std::env::var("DEP_MRI_EXTRACT_LIBTORCH_CUDA") {
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,{library},--as-needed");
    }
}
