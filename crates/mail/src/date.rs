//! The `Date` header.
//!
//! *Standards*: RFC 5322, sections 3.3 and 4.3 (obsolete zones, two-digit years, comments). Read in any order of blemishes that
//! real mail shows: no weekday, no seconds, no zone (then UTC), names in any case.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Years outside of these are no dates of mail but clocks that run wrong.
const YEARS: std::ops::RangeInclusive<i16> = 1971..=2999;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date; `None` where it makes no sense.
pub(crate) fn parse(value: &str) -> Option<Timestamp> {
    let plain = without_comments(value);
    let words: Vec<&str> = plain
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .take(8)
        .collect();
    // An optional weekday, then day, month, year, time, zone.
    let first = words.iter().position(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let [day, month, year, time, zone @ ..] = words.get(first..)? else {
        return None;
    };
    let [hour, minute, second] = parse_time(time)?;
    let civil =
        DateTime::new(parse_year(year)?, parse_month(month)?, day.parse().ok()?, hour, minute, second, 0)
            .ok()?;
    let offset = parse_zone(zone.first().copied().unwrap_or("GMT"))?;
    offset.to_timestamp(civil).ok()
}

fn parse_month(word: &str) -> Option<i8> {
    let word = word.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == word).map(|index| index as i8 + 1)
}

/// Two and three digits as RFC 5322, section 4.3 wants them.
fn parse_year(word: &str) -> Option<i16> {
    let number: i16 = word.parse().ok()?;
    let year = match (word.len(), number) {
        (2, 0..=49) => number + 2000,
        (2 | 3, _) => number + 1900,
        _ => number,
    };
    YEARS.contains(&year).then_some(year)
}

/// Hours, minutes and, where given, seconds. A leap second is read as the one before.
fn parse_time(word: &str) -> Option<[i8; 3]> {
    let mut numbers = word.splitn(3, [':', '.']);
    let hour = numbers.next()?.parse().ok()?;
    let minute = numbers.next()?.parse().ok()?;
    let second: i8 = numbers.next().unwrap_or("0").parse().ok()?;
    Some([hour, minute, second.min(59)])
}

fn parse_zone(word: &str) -> Option<Offset> {
    let hours = match word.to_ascii_uppercase().as_str() {
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "CET" => 1,
        "CEST" => 2,
        numeric if numeric.starts_with(['+', '-']) => return parse_offset(numeric),
        // GMT, UT, Z, military letters and names that nobody knows: UTC (RFC 5322, section 4.3).
        _ => 0,
    };
    Offset::from_hours(hours).ok()
}

/// `+0200`, also `+02:00`.
fn parse_offset(word: &str) -> Option<Offset> {
    let (sign, digits) = word.split_at_checked(1)?;
    let digits = digits.replace(':', "");
    let number: i32 = digits.get(..4).unwrap_or(&digits).parse().ok()?;
    let seconds = (number / 100 * 60 + number % 100) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

/// Drops what stands in parentheses, nested ones too.
fn without_comments(value: &str) -> String {
    let mut depth = 0_u32;
    let outside = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    value.chars().filter(outside).collect()
}
