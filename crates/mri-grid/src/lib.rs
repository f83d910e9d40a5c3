//! Points in, regions out: bins, counts and the texts of a region.
