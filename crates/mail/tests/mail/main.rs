//! What mail of the world does, and what must be seen here instead. Cases are numbered as in the project's list of cases.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod automatic;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod compose_markdown;
#[cfg(test)]
mod compose_quote;
#[cfg(test)]
mod compose_round_trip;
#[cfg(test)]
mod composing;
#[cfg(test)]
mod corpora;
#[cfg(test)]
mod forwarded;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod header_table;
#[cfg(test)]
mod html;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod never_panics;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod records;
#[cfg(test)]
mod report_status;
#[cfg(test)]
mod report_success;
#[cfg(test)]
mod report_words;
#[cfg(test)]
mod structure;
#[cfg(test)]
mod transfer;
#[cfg(test)]
mod verdicts;
