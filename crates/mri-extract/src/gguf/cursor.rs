//! Reading the little-endian values of a header, never beyond its end.

/// What is wrong with a file.
pub(super) type Problem = String;

/// A position in the bytes of a file.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| {
            let length = self.bytes.len();
            format!(
                "{count} bytes at offset {} of {length} are missing",
                self.at
            )
        })?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Problem> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Problem> {
        self.array().map(u64::from_le_bytes)
    }

    /// A number of bytes or things that memory has to hold.
    pub(super) fn size(&mut self) -> Result<usize, Problem> {
        let size = self.u64()?;
        usize::try_from(size).map_err(|_| format!("{size} is no size"))
    }

    /// A string: its length, then its bytes.
    pub(super) fn text(&mut self) -> Result<&'a str, Problem> {
        let length = self.size()?;
        let at = self.at;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|e| format!("the string at offset {at}: {e}"))
    }
}
