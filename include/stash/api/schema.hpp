#pragma once

#include <string_view>

#include "stash/json/value.hpp"

// The structural schemas of the kinds, each instantiated in the kind's own source file. `part` is "spec" or
// "status"; they write the members of the object that `w` has open.
namespace stash::api {

void repository_schema(json::Writer& w, std::string_view part);
void backup_configuration_schema(json::Writer& w, std::string_view part);
void backup_session_schema(json::Writer& w, std::string_view part);
void restore_session_schema(json::Writer& w, std::string_view part);

}  // namespace stash::api
