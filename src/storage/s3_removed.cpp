#include "storage/s3_removed.hpp"

#include <charconv>

#include "storage/names.hpp"
#include "storage/xml.hpp"

namespace stash::storage {
namespace {

[[noreturn]] void refuse(const std::string& name) {
  throw Error(ErrorKind::Unsupported, "{} cannot change: it was removed", name);
}

}  // namespace

Task<void> S3Removed::put(std::string name, std::vector<ByteView>) {
  refuse(name);
  co_return;
}

Task<void> S3Removed::remove(std::string name) {
  refuse(name);
  co_return;
}

Task<void> S3Removed::sync() { co_return; }

/// GET
/// /{bucket}?encoding-type=url&key-marker={key}&max-keys=1000&prefix={prefix}&version-id-marker={id}&versions=
Task<std::string> S3Removed::read_page(std::string prefix, std::string position,
                                       std::map<std::string, Found>& found) {
  const std::string base = client_.key_prefix();
  const std::string key_marker = position.substr(0, position.find('\n'));
  const std::string version_marker = position.empty() ? "" : position.substr(key_marker.size() + 1);
  std::string query = "?encoding-type=url";
  if (!position.empty()) query += "&key-marker=" + net::percent_encode(key_marker);
  query += "&max-keys=1000&prefix=" + net::percent_encode(base + prefix);
  if (!version_marker.empty()) query += "&version-id-marker=" + net::percent_encode(version_marker);
  net::Request request("GET", client_.path("") + query + "&versions=");
  std::vector<ByteView> no_body;
  const net::Response response = co_await client_.send(std::move(request), std::move(no_body));
  const std::string doing = client_.what("list versions of", prefix);
  if (response.status != 200) S3Client::fail(response, doing);
  const XmlElement root = parse_xml(response.body);
  if (root.name != "ListVersionsResult")
    throw Error(ErrorKind::Corrupt, "{}: the answer is no list of versions", doing);
  for (const XmlElement& child : root.children) {
    if (child.name != "Version" && child.name != "DeleteMarker") continue;
    const std::string key = percent_decode(child.child_text("Key"));
    if (!key.starts_with(base))
      throw Error(ErrorKind::Corrupt, "{}: the answer names \"{}\", which was not asked for", doing, key);
    // Of one key the newest comes first.
    Found& object = found[key.substr(base.size())];
    if (child.name == "DeleteMarker") {
      object.deleted = object.deleted || child.child_text("IsLatest") == "true";
      continue;
    }
    const std::string_view size = child.child_text("Size");
    Version version{std::string(child.child_text("VersionId")), 0};
    const auto parsed = std::from_chars(size.data(), size.data() + size.size(), version.size);
    if (parsed.ec != std::errc{}) throw Error(ErrorKind::Corrupt, "{}: {} has no size", doing, key);
    if (!object.newest) object.newest = std::move(version);
  }
  if (root.child_text("IsTruncated") != "true") co_return "";
  std::string next = percent_decode(root.child_text("NextKeyMarker")) + "\n";
  next += root.child_text("NextVersionIdMarker");
  if (next == position || next == "\n")
    throw Error(ErrorKind::Corrupt, "{}: the answer says that there is more and does not go on", doing);
  co_return next;
}

Task<ListPage> S3Removed::list(std::string prefix, std::string) {
  std::map<std::string, Found> found;
  std::string position;
  do {
    position = co_await read_page(prefix, std::move(position), found);
  } while (!position.empty());
  ListPage page;
  for (auto& [name, object] : found) {
    if (!object.deleted || !object.newest) continue;
    page.objects.push_back({name, object.newest->size});
    known_[name] = std::move(*object.newest);
  }
  co_return page;
}

Task<const S3Removed::Version*> S3Removed::find(std::string name) {
  check_name(name);
  const auto it = known_.find(name);
  if (it != known_.end()) co_return &it->second;
  co_await list(name, "");
  const auto again = known_.find(name);
  co_return again == known_.end() ? nullptr : &again->second;
}

Task<std::optional<std::uint64_t>> S3Removed::size(std::string name) {
  const Version* version = co_await find(std::move(name));
  co_return version ? std::optional(version->size) : std::nullopt;
}

/// GET /{bucket}/{prefix}/{name}?versionId={id} HTTP/1.1
Task<Bytes> S3Removed::get(std::string name, Range range) {
  const Version* version = co_await find(name);
  if (!version) throw Error(ErrorKind::NotFound, "{}: no version of it is kept", client_.what("get", name));
  const std::string query = "?versionId=" + net::percent_encode(version->id);
  co_return co_await client_.fetch(client_.path(name) + query, range, client_.what("get a version of", name));
}

}  // namespace stash::storage
