//! Address space and operating-system memory the way the Go runtime manages them.
