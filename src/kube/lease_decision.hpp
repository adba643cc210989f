#pragma once

#include <string>

#include "stash/kube/lease.hpp"

/// What to do about a Lease, and the words written into it: no I/O.
namespace stash::kube {

enum class LeaseMove { Create, Write, Wait };

/// `unchanged` is how long, by our own clock, the record has stood as it is.
LeaseMove decide(const std::optional<LeaseRecord>& seen, Duration unchanged, const LeaseOptions& options);

/// The record that makes the lease ours, or keeps it so.
LeaseRecord claim(const std::optional<LeaseRecord>& seen, const LeaseOptions& options, TimePoint now);

std::string create_body(const LeaseRecord& record, const LeaseOptions& options);
/// Merge patches; they carry record.resource_version, so that the server refuses them when the lease has
/// changed.
std::string patch_body(const LeaseRecord& record);
std::string release_body(const LeaseRecord& record, TimePoint now);

}  // namespace stash::kube
