#include "command/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "command/flags.hpp"
#include "stash/base/bytes.hpp"

namespace stash::command {
namespace {

std::string mode_text(const engine::EntryInfo& entry) {
  static constexpr std::string_view kTypes = "-dlcbps";
  std::string out(1, kTypes[static_cast<std::size_t>(entry.type)]);
  for (int shift = 6; shift >= 0; shift -= 3) {
    const std::uint32_t bits = entry.mode >> shift & 7;
    out += bits & 4 ? 'r' : '-';
    out += bits & 2 ? 'w' : '-';
    out += bits & 1 ? 'x' : '-';
  }
  if (entry.mode & 04000) out[3] = out[3] == 'x' ? 's' : 'S';
  if (entry.mode & 02000) out[6] = out[6] == 'x' ? 's' : 'S';
  if (entry.mode & 01000) out[9] = out[9] == 'x' ? 't' : 'T';
  return out;
}

}  // namespace

JsonLine::JsonLine() : writer_(buffer_) { writer_.StartObject(); }

JsonLine& JsonLine::text(const char* key, std::string_view value) {
  const std::string clean = printable(value);
  writer_.Key(key);
  writer_.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
  return *this;
}

JsonLine& JsonLine::number(const char* key, std::uint64_t value) {
  writer_.Key(key);
  writer_.Uint64(value);
  return *this;
}

JsonLine& JsonLine::seconds(const char* key, Duration value) {
  writer_.Key(key);
  writer_.Double(static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(value).count()) /
                 1000.0);
  return *this;
}

JsonLine& JsonLine::flag(const char* key, bool value) {
  writer_.Key(key);
  writer_.Bool(value);
  return *this;
}

JsonLine& JsonLine::texts(const char* key, const std::vector<std::string>& values) {
  writer_.Key(key);
  writer_.StartArray();
  for (const std::string& value : values) {
    const std::string clean = printable(value);
    writer_.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
  }
  writer_.EndArray();
  return *this;
}

JsonLine& JsonLine::raw(const char* key, std::string_view json) {
  writer_.Key(key);
  writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

std::string JsonLine::str() {
  writer_.EndObject();
  return {buffer_.GetString(), buffer_.GetSize()};
}

void JsonLine::print() { fmt::print("{}\n", str()); }

void flush_output() {
  if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "cannot write");
}

void print_problem(const char* type, const engine::PathProblem& problem) {
  JsonLine().text("message_type", type).text("path", problem.path).text("what", problem.what).print();
}

std::string snapshot_json(const engine::Snapshot& s) {
  JsonLine line;
  line.text("id", s.id)
      .text("short_id", s.short_id())
      .text("time", format_time(s.start))
      .text("end", format_time(s.end));
  line.text("hostname", s.host).texts("paths", s.paths).texts("tags", s.tags).texts("excludes", s.excludes);
  line.text("parent", s.parent).text("program", s.program).flag("complete", s.complete);
  JsonLine summary;
  summary.number("files_new", s.counts.files_new).number("files_changed", s.counts.files_changed);
  summary.number("files_unmodified", s.counts.files_unmodified)
      .number("dirs", s.counts.dirs)
      .number("others", s.counts.others);
  summary.number("total_files", s.counts.files()).number("total_bytes", s.counts.bytes);
  summary.number("data_added", s.bytes_added).number("data_stored", s.bytes_stored);
  summary.number("errors", s.errors).number("vanished", s.vanished);
  line.raw("summary", summary.str());
  return line.str();
}

std::string entry_json(const engine::EntryInfo& e) {
  JsonLine line;
  line.text("message_type", "node").text("path", e.path).text("type", engine::to_string(e.type));
  line.text("permissions", mode_text(e)).number("mode", e.mode).number("uid", e.uid).number("gid", e.gid);
  line.text("user", e.user).text("group", e.group).number("size", e.size);
  line.text("mtime", format_time(e.mtime)).text("ctime", format_time(e.ctime)).number("inode", e.inode);
  if (!e.link_target.empty()) line.text("linktarget", e.link_target);
  return line.str();
}

std::string entry_line(const engine::EntryInfo& e, bool long_form) {
  if (!long_form) return printable(e.path);
  const std::string target = e.link_target.empty() ? "" : " -> " + printable(e.link_target);
  return fmt::format("{} {:>5} {:>5} {:>12} {} {}{}", mode_text(e), e.uid, e.gid, e.size,
                     format_time(e.mtime), printable(e.path), target);
}

void split_tags(std::vector<std::string>& tags) {
  std::vector<std::string> out;
  for (const std::string& given : tags)
    for (std::string& tag : engine::split_tags(given))
      if (!tag.empty()) out.push_back(std::move(tag));
  tags = std::move(out);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace stash::command
