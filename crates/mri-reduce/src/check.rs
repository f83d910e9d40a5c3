use mri_core::ReduceError;
use ndarray::ArrayView2;

/// Refuses matrices that no reducer can work on: fewer than two rows, or no column.
pub(crate) fn check_size((rows, columns): (usize, usize)) -> Result<(), ReduceError> {
    if rows < 2 || columns == 0 {
        return Err(ReduceError::TooSmall {
            rows,
            columns,
            needed_rows: 2,
        });
    }
    Ok(())
}

/// Refuses NaN and infinity, naming the first.
pub(crate) fn check_finite(x: ArrayView2<'_, f32>) -> Result<(), ReduceError> {
    for (row, values) in x.rows().into_iter().enumerate() {
        // Without an early exit the loop runs on whole vectors; the place matters only if there is one.
        if values.iter().fold(false, |bad, v| bad | !v.is_finite()) {
            let found = values.iter().enumerate().find(|(_, v)| !v.is_finite());
            if let Some((column, &value)) = found {
                return Err(ReduceError::NonFinite { row, column, value });
            }
        }
    }
    Ok(())
}

/// Refuses a number of components that is 0 or that a matrix of this size cannot
/// give.
pub(crate) fn check_components(
    (rows, columns): (usize, usize),
    components: usize,
) -> Result<(), ReduceError> {
    let limit = rows.min(columns);
    if components == 0 {
        return Err(ReduceError::Parameter {
            parameter: "n_components",
            value: components.to_string(),
            expected: "at least 1",
        });
    }
    if components > limit {
        return Err(ReduceError::TooManyComponents {
            components,
            rows,
            columns,
            limit,
        });
    }
    Ok(())
}

/// Refuses initial points that are not one per row, of so many components and finite.
pub(crate) fn check_init(
    init: ArrayView2<'_, f32>,
    rows: usize,
    components: usize,
) -> Result<(), ReduceError> {
    let finite = check_finite(init).is_ok();
    if init.dim() != (rows, components) || !finite {
        return Err(ReduceError::Parameter {
            parameter: "init",
            value: match finite {
                true => format!("of shape {:?}", init.dim()),
                false => "not finite".to_owned(),
            },
            expected: "finite and of the points' shape",
        });
    }
    Ok(())
}
