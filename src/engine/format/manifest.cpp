#include "engine/format/manifest.hpp"

#include <algorithm>

#include "stash/base/error.hpp"
#include "stash/base/text.hpp"
#include "stash/json/value.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMaxProblems = 20;

/// Bytes that are text as text, others as {"base64": "..."}.
void write_raw(json::Writer& w, const std::string& raw) {
  if (is_utf8(raw)) {
    w.String(raw);
    return;
  }
  w.StartObject();
  w.Key("base64");
  w.String(to_base64(as_bytes(raw)));
  w.EndObject();
}

void write_list(json::Writer& w, const char* key, const std::vector<std::string>& list) {
  w.Key(key);
  w.StartArray();
  for (const std::string& item : list) write_raw(w, item);
  w.EndArray();
}

void write_number(json::Writer& w, const char* key, std::uint64_t number) {
  w.Key(key);
  w.Uint64(number);
}

void write_text(json::Writer& w, const char* key, const std::string& text) {
  w.Key(key);
  write_raw(w, text);
}

void write_counts(json::Writer& w, const Manifest& m) {
  const FileCounts& c = m.snapshot.counts;
  w.Key("counts");
  w.StartObject();
  write_number(w, "files_new", c.files_new);
  write_number(w, "files_changed", c.files_changed);
  write_number(w, "files_unmodified", c.files_unmodified);
  write_number(w, "dirs", c.dirs);
  write_number(w, "others", c.others);
  write_number(w, "bytes", c.bytes);
  write_number(w, "bytes_added", m.snapshot.bytes_added);
  write_number(w, "bytes_stored", m.snapshot.bytes_stored);
  write_number(w, "vanished", m.snapshot.vanished);
  write_number(w, "errors", m.snapshot.errors);
  w.EndObject();
}

/// Members of one JSON object, each wrong one told by name.
class Members {
 public:
  Members(const json::Value& value, std::string_view where) : value_(value), where_(where) {}

  [[noreturn]] void wrong(std::string_view key) const {
    throw Error(ErrorKind::Corrupt, "{}: damaged: member \"{}\"", where_, key);
  }
  const json::Value& at(std::string_view key) const {
    const json::Value* v = json::find(value_, key);
    if (!v) wrong(key);
    return *v;
  }
  std::string raw(const json::Value& v, std::string_view key) const {
    if (v.IsString()) return {v.GetString(), v.GetStringLength()};
    auto bytes = from_base64(json::text(v, "base64"));
    if (!bytes || bytes->empty()) wrong(key);
    return std::move(*bytes);
  }
  std::string raw(std::string_view key) const { return raw(at(key), key); }
  std::uint64_t number(std::string_view key) const {
    const json::Value& v = at(key);
    if (!v.IsUint64()) wrong(key);
    return v.GetUint64();
  }
  TimePoint time(std::string_view key) const {
    const json::Value& v = at(key);
    if (!v.IsInt64()) wrong(key);
    return TimePoint(Duration(v.GetInt64()));
  }
  bool truth(std::string_view key) const {
    const json::Value& v = at(key);
    if (!v.IsBool()) wrong(key);
    return v.GetBool();
  }
  std::vector<std::string> list(std::string_view key) const {
    const json::Value& v = at(key);
    if (!v.IsArray()) wrong(key);
    std::vector<std::string> items;
    for (const json::Value& item : v.GetArray()) items.push_back(raw(item, key));
    return items;
  }

 private:
  const json::Value& value_;
  std::string_view where_;
};

void read_counts(const Members& all, Snapshot& s, std::string_view where) {
  const Members m(all.at("counts"), where);
  s.counts.files_new = m.number("files_new");
  s.counts.files_changed = m.number("files_changed");
  s.counts.files_unmodified = m.number("files_unmodified");
  s.counts.dirs = m.number("dirs");
  s.counts.others = m.number("others");
  s.counts.bytes = m.number("bytes");
  s.bytes_added = m.number("bytes_added");
  s.bytes_stored = m.number("bytes_stored");
  s.vanished = m.number("vanished");
  s.errors = m.number("errors");
}

void read_source(const Members& all, Snapshot& s) {
  const json::Value& source = all.at("source");
  if (!source.IsObject()) all.wrong("source");
  for (const auto& member : source.GetObject())
    s.source.emplace(std::string(member.name.GetString(), member.name.GetStringLength()),
                     all.raw(member.value, "source"));
}

void read_problems(const Members& all, Snapshot& s, std::string_view where) {
  const json::Value& problems = all.at("first_errors");
  if (!problems.IsArray()) all.wrong("first_errors");
  for (const json::Value& problem : problems.GetArray()) {
    const Members m(problem, where);
    s.first_errors.emplace_back(m.raw("path"), m.raw("what"));
  }
}

}  // namespace

std::string write_manifest(const Manifest& m) {
  const Snapshot& s = m.snapshot;
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  w.StartObject();
  write_number(w, "version", 1);
  write_text(w, "root", m.root.hex());
  write_number(w, "entries", m.entries);
  w.Key("start");
  w.Int64(s.start.time_since_epoch().count());
  w.Key("end");
  w.Int64(s.end.time_since_epoch().count());
  write_text(w, "host", s.host);
  write_list(w, "paths", s.paths);
  write_list(w, "tags", s.tags);
  write_list(w, "excludes", s.excludes);
  w.Key("source");
  w.StartObject();
  for (const auto& [key, value] : s.source) write_text(w, key.c_str(), value);
  w.EndObject();
  write_text(w, "parent", s.parent);
  write_text(w, "previous", m.previous);
  if (!m.original.empty()) write_text(w, "original", m.original);
  if (!m.copy_of.empty()) write_text(w, "copy_of", m.copy_of);
  write_text(w, "program", s.program);
  w.Key("complete");
  w.Bool(s.complete);
  write_counts(w, m);
  w.Key("first_errors");
  w.StartArray();
  for (std::size_t i = 0; i < std::min(s.first_errors.size(), kMaxProblems); ++i) {
    w.StartObject();
    write_text(w, "path", s.first_errors[i].path);
    write_text(w, "what", s.first_errors[i].what);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Manifest read_manifest(std::string_view text, std::string id) {
  const std::string where = std::string(kSnapshotsPrefix) + id;
  json::Document document;
  try {
    document = json::parse(text, where);
  } catch (const Error& e) {
    throw Error(ErrorKind::Corrupt, "{}", e.what());
  }
  const Members all(document, where);
  if (all.number("version") != 1)
    throw Error(ErrorKind::Unsupported, "{}: written by a newer version of this program", where);
  Manifest m;
  const auto root = from_hex(all.raw("root"));
  if (!root || root->size() != m.root.bytes.size()) all.wrong("root");
  std::ranges::copy(*root, m.root.bytes.begin());
  m.entries = all.number("entries");
  m.previous = all.raw("previous");
  if (json::find(document, "original")) m.original = all.raw("original");
  if (json::find(document, "copy_of")) m.copy_of = all.raw("copy_of");
  Snapshot& s = m.snapshot;
  s.id = std::move(id);
  s.start = all.time("start");
  s.end = all.time("end");
  s.host = all.raw("host");
  s.paths = all.list("paths");
  s.tags = all.list("tags");
  s.excludes = all.list("excludes");
  read_source(all, s);
  s.parent = all.raw("parent");
  s.program = all.raw("program");
  s.complete = all.truth("complete");
  read_counts(all, s, where);
  read_problems(all, s, where);
  return m;
}

}  // namespace stash::engine
