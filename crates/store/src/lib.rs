//! Ordered keys and values, atomic batches, the log of events, blobs.
