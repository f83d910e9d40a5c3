//! The memory that PCA of a matrix in a file takes, whose rows would not fit.
//!
//! ```text
//! cargo bench -p benches --bench stream -- [--rows N] [--width D] [--threads T]
//! ```
//!
//! Writes one layer as a store keeps it (by default 1,000,000 × 768, 3 GB), reduces it to two
//! components and prints the time and the most memory that the whole process ever held, as Linux
//! counts it (`VmHWM`: libraries, libtorch's among them, and all).

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use mri_reduce::{Pca, Reducer};
use mri_store::NpyMatrix;

fn main() -> Result<()> {
    let (mut rows, mut width) = (1_000_000, 768);
    let mut threads = std::thread::available_parallelism()?.get();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--rows" => rows = value()?.parse()?,
            "--width" => width = value()?.parse()?,
            "--threads" => threads = value()?.parse()?,
            // Cargo adds this one.
            "--bench" => {}
            _ => bail!("unknown option {arg}"),
        }
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("resid.06.npy");
    write(&path, rows, width)?;
    let at_rest = memory("VmRSS")?;
    let start = Instant::now();
    let fitted = Pca::new(2).fit_rows(&NpyMatrix::open(&path)?, &())?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(fitted.points.dim() == (rows, 2), "a point per row");
    println!(
        "PCA of {rows} x {width} from a file of {:.0} MB, {threads} threads: {seconds:.1} s, {:.0} MB at most \
         ({at_rest:.0} MB before it began, {:.0} MB of points)",
        (rows * width * 4) as f64 / 1e6,
        memory("VmHWM")?,
        (rows * 2 * 4) as f64 / 1e6,
    );
    Ok(())
}

/// A matrix of noise with a trend, row by row.
fn write(path: &Path, rows: usize, width: usize) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let dict = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    // The header of a .npy file is a multiple of 64 bytes, 10 of them before the dictionary.
    let length = (10 + dict.len() + 1).next_multiple_of(64) - 10;
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&u16::try_from(length)?.to_le_bytes())?;
    writeln!(out, "{dict:<0$}", length - 1)?;
    let mut state = 1_u64;
    for row in 0..rows {
        let trend = (row as f32 * 1e-3).sin();
        for column in 0..width {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 40) as f32 / (1_u32 << 24) as f32 - 0.5;
            let value = noise + trend * (column % 7) as f32 * 0.1;
            out.write_all(&value.to_le_bytes())?;
        }
    }
    out.flush()?;
    Ok(())
}

/// A line of `/proc/self/status`, in MB.
fn memory(key: &str) -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux counts this")?;
    let line = status
        .lines()
        .find(|line| line.starts_with(key))
        .context("no such line")?;
    let number = line.split_whitespace().nth(1).context("no number")?;
    Ok(number.parse::<f64>()? / 1e3)
}
