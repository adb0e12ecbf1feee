//! Central span exchange: one per span class, freed into from any thread without a lock.
