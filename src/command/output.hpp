#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stash/base/text.hpp"
#include "stash/engine/browse.hpp"
#include "stash/engine/repository.hpp"
#include "stash/json/value.hpp"

namespace stash::command {

/// One JSON object on one line of standard output, members in the order they are added.
class JsonLine {
 public:
  JsonLine();
  JsonLine& text(const char* key, std::string_view value);  ///< bytes that are no UTF-8 are shown as \xHH
  JsonLine& number(const char* key, std::uint64_t value);
  JsonLine& seconds(const char* key, Duration value);
  JsonLine& flag(const char* key, bool value);
  JsonLine& texts(const char* key, const std::vector<std::string>& values);
  /// `json` is a whole JSON value.
  JsonLine& raw(const char* key, std::string_view json);
  std::string str();  ///< closes the object
  void print();       ///< the same, printed with a line feed

 private:
  rapidjson::StringBuffer buffer_;
  json::Writer writer_;
};

/// Throws std::system_error, as fmt::print() does, when standard output takes no more; dispatch() tells that.
void flush_output();

/// With --json: a line of the given type about an entry.
void print_problem(const char* type, const engine::PathProblem& problem);

/// The members of a snapshot as every command prints them.
std::string snapshot_json(const engine::Snapshot& snapshot);
std::string entry_json(const engine::EntryInfo& entry);
/// "-rwxr-xr-x  1000  1000  4096 2026-11-23T10:52:00Z /path"
std::string entry_line(const engine::EntryInfo& entry, bool long_form);

/// Tags as they are given: each may be a list with commas; empty ones fall away.
void split_tags(std::vector<std::string>& tags);

/// Columns padded to their widest cell; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace stash::command
