//! Regions in, graph out: co-activation graphs of regions across the layers of a model.
