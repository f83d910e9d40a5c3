use crate::error::ScanError;
use crate::scan::Scan;
use crate::scan::category::CategoryRef;

/// What the cells of a heatmap show.
///
/// ```
/// use llm_mri::Quantity;
/// assert_eq!(Quantity::category(0), Quantity::Category(0.into()));
/// assert_eq!(Quantity::category("law"), Quantity::Category("law".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// Texts of all categories.
    Texts,
    /// Texts of one category.
    Category(CategoryRef),
    /// The share of the first category's texts minus the share of the second's, in percentage
    /// points.
    Difference(CategoryRef, CategoryRef),
}

impl Quantity {
    /// Texts of one category.
    #[must_use]
    pub fn category(category: impl Into<CategoryRef>) -> Self {
        Self::Category(category.into())
    }

    /// The difference of two categories.
    #[must_use]
    pub fn difference(a: impl Into<CategoryRef>, b: impl Into<CategoryRef>) -> Self {
        Self::Difference(a.into(), b.into())
    }

    /// The same with the indices of a scan's categories.
    pub(crate) fn resolve(self, scan: &Scan) -> Result<mri_render::Quantity, ScanError> {
        Ok(match self {
            Self::Texts => mri_render::Quantity::Texts,
            Self::Category(category) => mri_render::Quantity::Category(scan.category(category)?),
            Self::Difference(a, b) => {
                mri_render::Quantity::Difference(scan.category(a)?, scan.category(b)?)
            }
        })
    }
}
