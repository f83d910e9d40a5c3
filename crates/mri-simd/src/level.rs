//! Choice of the instruction set at run time.

use crate::kernel::{InstructionSet, Kernel};
use crate::portable::Portable;
#[cfg(target_arch = "x86_64")]
use crate::x86::{run_avx2, run_avx512};

/// An instruction set that this processor has: a value of this type proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Level(InstructionSet);

impl Level {
    /// The widest instruction set of this processor. The processor is asked once; later calls read
    /// a cached answer.
    #[inline]
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Self(InstructionSet::Avx512);
            }
            if has_avx2() {
                return Self(InstructionSet::Avx2);
            }
        }
        Self(InstructionSet::Portable)
    }

    /// All instruction sets of this processor, the narrowest first; for tests that run each.
    pub fn available() -> impl Iterator<Item = Self> {
        let widest = Self::detect();
        #[cfg(target_arch = "x86_64")]
        let avx2 = has_avx2();
        #[cfg(not(target_arch = "x86_64"))]
        let avx2 = false;
        [
            (InstructionSet::Portable, true),
            (InstructionSet::Avx2, avx2),
            (InstructionSet::Avx512, widest.0 == InstructionSet::Avx512),
        ]
        .into_iter()
        .filter_map(|(set, present)| present.then_some(Self(set)))
    }

    /// Which instruction set it is.
    #[inline]
    #[must_use]
    pub fn instruction_set(self) -> InstructionSet {
        self.0
    }

    /// Runs a kernel with this instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: a `Level` is only made for an instruction set that the processor has.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => unsafe { run_avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => unsafe { run_avx2(kernel) },
            _ => kernel.run::<Portable>(),
        }
    }
}

/// Runs a kernel with the widest instruction set of this processor.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    Level::detect().run(kernel)
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}
