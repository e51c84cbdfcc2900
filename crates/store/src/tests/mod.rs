//! The store as its callers see it: one suite for every engine, then crashes, failing disks and blobs.

mod blobs;
mod conformance;
mod crash;
mod desk;
mod faults;
mod sweeping;
mod whole;
