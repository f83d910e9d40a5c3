//! Heatmaps and layered graphs of llm-mri as SVG and PNG.
