#pragma once

#include "engine/prune/survey.hpp"
#include "engine/repository/segment_merge.hpp"
#include "stash/engine/forget.hpp"

namespace stash::engine {

/// What a prune is going to do, besides deleting what is sweepable().
struct PrunePlan {
  std::vector<ObjectId> condemned;  ///< what it condemns: dead packs, and mostly dead ones
  PackSet to_copy;                  ///< packs whose needed blobs are copied; some were condemned before
  std::uint64_t rewritten = 0;      ///< of `condemned`, those that are copied
};

PrunePlan plan_prune(const Survey& now, const PruneOptions& options, TimePoint time);

/// The packs to copy, in groups of at most `max_blobs` blobs or of one pack: all rows of a group are in
/// memory at once.
std::vector<PackSet> copy_groups(const Survey& now, const PrunePlan& plan, std::uint64_t max_blobs);

/// Packs that may be deleted: their tomb is old enough, and what is needed of them has a copy elsewhere.
/// Sorted.
std::vector<ObjectId> sweepable(const Survey& now, const PruneOptions& options, TimePoint time);

}  // namespace stash::engine
