//! Size classes of the Go runtime: tables derived at compile time, lookups and reciprocals.
