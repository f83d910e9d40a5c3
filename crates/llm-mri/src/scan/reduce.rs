use mri_core::{Layer, Reducer, Watch};
use mri_reduce::{ReducerSpec, reduce_stack, reduce_stack_aligned};

use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::maps::Maps;

impl Scan {
    /// The same recording with maps by a reducer of this workspace, and without regions: see
    /// [`Scan::with_grid`].
    ///
    /// # Errors
    /// [`ScanError::Options`]; [`ScanError::Reduce`] with the layer at fault.
    pub fn with_maps(self, spec: &ReducerSpec, watch: &dyn Watch) -> Result<Self, ScanError> {
        let layers: Vec<Layer> = self.activations().layers().collect();
        self.with_layer_maps(&layers, spec, watch)
    }

    /// [`Scan::with_maps`] of some layers only, in the order of the recording.
    ///
    /// # Errors
    /// As [`Scan::with_maps`], and [`ScanError::NoLayer`].
    pub fn with_layer_maps(
        self,
        layers: &[Layer],
        spec: &ReducerSpec,
        watch: &dyn Watch,
    ) -> Result<Self, ScanError> {
        let reducer = spec.build()?;
        let rows = self.recording.select(layers)?;
        let (components, aligned) = (spec.components, spec.align);
        let reduce = if aligned {
            reduce_stack_aligned
        } else {
            reduce_stack
        };
        let reduced = reduce(&rows, reducer.as_ref(), components, watch)?;
        let spec = Some(spec.clone());
        let maps = Maps::new(reduced, reducer.as_ref(), components, spec, aligned);
        Ok(self.mapped(maps))
    }

    /// [`Scan::with_maps`] by any reducer that gives `components` columns.
    ///
    /// # Errors
    /// As [`Scan::with_maps`].
    pub fn with_reducer(
        self,
        reducer: &dyn Reducer,
        components: usize,
        watch: &dyn Watch,
    ) -> Result<Self, ScanError> {
        let reduced = reduce_stack(self.activations(), reducer, components, watch)?;
        Ok(self.mapped(Maps::new(reduced, reducer, components, None, false)))
    }

    /// [`Scan::with_reducer`] in one frame for all layers: each is fitted near the previous one
    /// ([`Reducer::fit_aligned`]), or rotated onto it where the reducer cannot do that.
    ///
    /// # Errors
    /// As [`Scan::with_maps`].
    pub fn with_aligned_reducer(
        self,
        reducer: &dyn Reducer,
        components: usize,
        watch: &dyn Watch,
    ) -> Result<Self, ScanError> {
        let reduced = reduce_stack_aligned(self.activations(), reducer, components, watch)?;
        Ok(self.mapped(Maps::new(reduced, reducer, components, None, true)))
    }
}
