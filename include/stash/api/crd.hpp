#pragma once

#include <string>
#include <vector>

namespace stash::api {

/// The CustomResourceDefinitions as JSON texts, one a kind, in the order of the catalogue: schema with
/// descriptions from the field tables, printer columns, short names, categories, status subresource, and the
/// checks between fields that the API server makes itself (CEL), so that they hold while the operator is
/// down.
std::vector<std::string> crds();

/// The same as one YAML text of several documents: what `kubectl apply -f -` takes.
std::string crds_yaml();

}  // namespace stash::api
