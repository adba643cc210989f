#pragma once

// Regions in the names of AWS's hosts.

#include <string>
#include <string_view>

namespace stash::storage {

/// The host of a service in a region: "sts.eu-central-1.amazonaws.com".
std::string aws_host(std::string_view service, std::string_view region);

/// The host to ask about a bucket of `region`. s3.amazonaws.com answers for those of us-east-1 only, so for
/// any other region its host takes that place; every other host stays.
std::string host_in_region(const std::string& host, std::string_view region);

/// "eu-central-1" of "bucket.s3.eu-central-1.amazonaws.com" and "s3-eu-central-1.amazonaws.com"; "" of a host
/// that names none.
std::string_view region_of_host(std::string_view host);

/// "me-south-1" of "The me-south-1 location constraint is incompatible for the region specific endpoint this
/// request was sent to."; "" of any other text.
std::string_view region_of_constraint(std::string_view message);

}  // namespace stash::storage
