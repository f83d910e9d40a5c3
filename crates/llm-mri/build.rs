//! Lets programs and tests find libtorch when they start, here and in dependents.

fn main() {
    mri_build::publish_libtorch();
}
