//! Lets the examples find libtorch when they start.

fn main() {
    mri_build::link_libtorch();
}
