#pragma once

#include <functional>

#include "engine/format/codec.hpp"
#include "engine/format/entry.hpp"

namespace stash::engine {

/// Index of a user or group name in a leaf's table, from 1; 0 for "".
using NameIndex = std::function<std::uint64_t(const std::string&)>;

/// Error(Invalid) that names the path and the limit which an entry breaks.
void require_valid(const Entry& entry);

/// Appends an entry but for its path (format/tree.hpp states the bytes).
void encode_entry(ByteWriter& w, const Entry& entry, const NameIndex& name_index);
/// Reads what encode_entry() wrote into `entry`, whose path is set already; nothing else of it stays.
void decode_entry(ByteReader& r, Entry& entry, const std::vector<std::string>& names);

void encode_ref(ByteWriter& w, const BlobRef& ref);
BlobRef decode_ref(ByteReader& r);

/// A path given as the bytes it shares with the one before it, and the rest.
void encode_path(ByteWriter& w, std::string_view path, std::string_view before);
/// Turns the path before it, "" for the first, into the next one.
void decode_path(ByteReader& r, std::string& path);
bool is_valid_path(std::string_view path);

}  // namespace stash::engine
