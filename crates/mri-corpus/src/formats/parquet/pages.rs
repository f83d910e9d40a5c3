//! Validates the pages of a table's columns before and after they are decompressed.
//!
//! The decoder allocates the size that a page claims, up to 2 GB, before it reads the page. Here a
//! page is passed to it only if the bytes of the file justify its claims.

use std::sync::Arc;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use super::delta::claims_at_most;
use super::footer::STATISTICS;
use super::thrift::{Fault, Fields, Shape, validate};

/// Pages of up to this many bytes are always accepted: a few times the usual size of one MiB.
const PAGE: u64 = 1 << 23;

/// The largest compression ratio of larger pages. Texts shrink to a tenth, seldom to a hundredth.
const COMPRESSION: u64 = 200;

/// The most rows per byte of the file. A row that repeats the previous one takes no bytes, but a
/// table of texts has others.
const ROWS_PER_BYTE: u64 = 64;

/// The bytes that are read for the header of a page at first: most take some dozens, more with
/// statistics.
const HEADER: u64 = 4096;

/// The row groups of a file, with all pages validated.
pub(super) struct CheckedRowGroups<R> {
    source: Arc<R>,
    metadata: Arc<ParquetMetaData>,
}

impl<R: ChunkReader> CheckedRowGroups<R> {
    pub(super) fn new(source: Arc<R>, metadata: Arc<ParquetMetaData>) -> Result<Self> {
        let mut rows = 0_u64;
        for group in metadata.row_groups() {
            let more = u64::try_from(group.num_rows()).ok();
            rows = more
                .and_then(|more| rows.checked_add(more))
                .ok_or_else(|| bad(format!("a row group has {} rows", group.num_rows())))?;
        }
        let length = source.len();
        if rows / ROWS_PER_BYTE > length {
            return Err(bad(format!(
                "{rows} rows are more than a file of {length} bytes can hold texts for"
            )));
        }
        Ok(Self { source, metadata })
    }
}

impl<R: ChunkReader + 'static> RowGroups for CheckedRowGroups<R> {
    fn num_rows(&self) -> usize {
        self.row_groups()
            .map(|group| group.num_rows() as usize)
            .sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks {
            source: self.source.clone(),
            metadata: self.metadata.clone(),
            column,
            group: 0,
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// A column in every row group.
struct Chunks<R> {
    source: Arc<R>,
    metadata: Arc<ParquetMetaData>,
    column: usize,
    group: usize,
}

impl<R: ChunkReader + 'static> Iterator for Chunks<R> {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.metadata.row_groups().get(self.group)?;
        self.group += 1;
        let pages = CheckedPages::new(self.source.clone(), group, self.column);
        Some(pages.map(|pages| Box::new(pages) as _))
    }
}

impl<R: ChunkReader + 'static> PageIterator for Chunks<R> {}

/// The pages of a column in a row group.
struct CheckedPages<R: ChunkReader> {
    pages: SerializedPageReader<R>,
    source: Arc<R>,
    /// Where the next page starts, and the bytes of the column from there on.
    at: u64,
    left: u64,
    /// Rows that no page had so far.
    rows_left: u64,
    /// Whether values may be null: a page then starts with definition levels.
    optional: bool,
    /// The header of the next page, once it is validated.
    next: Option<Header>,
}

/// The header of a page.
#[derive(Clone, Copy, Default)]
struct Header {
    kind: i64,
    /// Bytes of the header itself.
    length: u64,
    compressed: i64,
    uncompressed: i64,
    /// Values in a page of values, and in a page of the dictionary.
    values: i64,
    entries: i64,
}

/// The types of pages. There is one more, which nothing writes.
const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

const PAGE_HEADER: Fields = &[
    (1, Shape::Integer),
    (2, Shape::Integer),
    (3, Shape::Integer),
    (4, Shape::Integer),
    (
        5,
        Shape::Fields(&[
            (1, Shape::Integer),
            (2, Shape::Integer),
            (3, Shape::Integer),
            (4, Shape::Integer),
            (5, Shape::Fields(STATISTICS)),
        ]),
    ),
    (6, Shape::Fields(&[])),
    (
        7,
        Shape::Fields(&[(1, Shape::Integer), (2, Shape::Integer), (3, Shape::Flag)]),
    ),
    (
        8,
        Shape::Fields(&[
            (1, Shape::Integer),
            (2, Shape::Integer),
            (3, Shape::Integer),
            (4, Shape::Integer),
            (5, Shape::Integer),
            (6, Shape::Integer),
            (7, Shape::Flag),
            (8, Shape::Fields(STATISTICS)),
        ]),
    ),
];

impl<R: ChunkReader> CheckedPages<R> {
    fn new(source: Arc<R>, group: &RowGroupMetaData, column: usize) -> Result<Self> {
        let rows = group.num_rows();
        let chunk = group.columns().get(column);
        let chunk = chunk.ok_or_else(|| bad("a row group lacks a column".to_owned()))?;
        let pages = SerializedPageReader::new(source.clone(), chunk, rows as usize, None)?;
        let (at, left) = chunk.byte_range();
        Ok(Self {
            pages,
            source,
            at,
            left,
            rows_left: rows.unsigned_abs(),
            optional: chunk.column_descr().max_def_level() > 0,
            next: None,
        })
    }

    /// The validated header of the next page, if there is one.
    fn next_header(&mut self) -> Result<Option<Header>> {
        if self.next.is_none() && self.left > 0 {
            let header = self.header()?;
            self.check(header)?;
            self.next = Some(header);
        }
        Ok(self.next)
    }

    fn header(&self) -> Result<Header> {
        let mut size = HEADER;
        loop {
            let there = size.min(self.left);
            let bytes = self.source.get_bytes(self.at, there as usize)?;
            let mut header = Header::default();
            let mut seen = |path: &[i16], value| match path {
                [1] => header.kind = value,
                [2] => header.uncompressed = value,
                [3] => header.compressed = value,
                [5 | 8, 1] => header.values = value,
                [7, 1] => header.entries = value,
                _ => {}
            };
            match validate(&bytes, PAGE_HEADER, &mut seen) {
                Ok(length) => {
                    header.length = length as u64;
                    return Ok(header);
                }
                Err(Fault::Short) if there < self.left => size *= 16,
                Err(Fault::Short) => return Err(bad("a page ends in its header".to_owned())),
                Err(Fault::Bad(what)) => {
                    return Err(bad(format!("the header of a page is damaged: {what}")));
                }
            }
        }
    }

    fn check(&self, header: Header) -> Result<()> {
        let sizes = [header.compressed, header.uncompressed];
        let [Ok(compressed), Ok(uncompressed)] = sizes.map(u64::try_from) else {
            return Err(bad(format!("a page has {} bytes", sizes[0].min(sizes[1]))));
        };
        if header.length + compressed > self.left {
            return Err(bad("a page is longer than its column".to_owned()));
        }
        if uncompressed > PAGE.max(compressed.saturating_mul(COMPRESSION)) {
            return Err(bad(format!(
                "a page of {compressed} bytes claims to hold {uncompressed}; \
                 write the table with smaller pages"
            )));
        }
        let (held, most) = match header.kind {
            DATA | DATA_V2 => (header.values, self.rows_left),
            DICTIONARY => (header.entries, uncompressed),
            other => return Err(bad(format!("a page is of the unknown kind {other}"))),
        };
        if u64::try_from(held).is_ok_and(|held| held <= most) {
            Ok(())
        } else {
            Err(bad(format!(
                "a page claims {held} values, it has at most {most}"
            )))
        }
    }

    /// Moves past the page whose header was read.
    fn advance(&mut self) {
        let Some(header) = self.next.take() else {
            return;
        };
        // The header was checked: all its numbers are positive and within the file.
        let length = header.length + header.compressed.unsigned_abs();
        self.at += length;
        self.left -= length;
        if header.kind != DICTIONARY {
            self.rows_left -= header.values.unsigned_abs();
        }
    }

    /// Rejects a page that claims more strings than it has values.
    fn check_strings(&self, page: &Page) -> Result<()> {
        let (start, most) = match page {
            Page::DataPage {
                buf,
                num_values,
                def_level_encoding,
                ..
            } => {
                let levels = match def_level_encoding {
                    _ if !self.optional => Some(0),
                    Encoding::RLE => {
                        let length = buf.get(..4).and_then(|four| four.try_into().ok());
                        length.map(|length| 4 + u64::from(u32::from_le_bytes(length)))
                    }
                    // A bit for each.
                    _ => Some(u64::from(*num_values).div_ceil(8)),
                };
                (levels, *num_values)
            }
            Page::DataPageV2 {
                num_values,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                (Some(levels), *num_values)
            }
            Page::DictionaryPage { .. } => return Ok(()),
        };
        let start = start.and_then(|start| usize::try_from(start).ok());
        let values = start.and_then(|start| page.buffer().get(start..));
        let values = values.ok_or_else(|| bad("a page ends before its values".to_owned()))?;
        if claims_at_most(most.into(), page.encoding(), values) {
            Ok(())
        } else {
            Err(bad(
                "a page claims more strings than it has values".to_owned()
            ))
        }
    }
}

impl<R: ChunkReader> PageReader for CheckedPages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if self.next_header()?.is_none() {
            return Ok(None);
        }
        let page = self.pages.get_next_page()?;
        self.advance();
        if let Some(page) = &page {
            self.check_strings(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        match self.next_header()? {
            Some(_) => self.pages.peek_next_page(),
            None => Ok(None),
        }
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if self.next_header()?.is_some() {
            self.pages.skip_next_page()?;
            self.advance();
        }
        Ok(())
    }
}

impl<R: ChunkReader> Iterator for CheckedPages<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

fn bad(problem: String) -> ParquetError {
    ParquetError::General(problem)
}
