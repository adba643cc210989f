#include "stash/api/repository.hpp"

#include "api/object.hpp"
#include "stash/api/fields/repository.hpp"
#include "stash/api/schema.hpp"
#include "stash/json/schema.hpp"
#include "stash/kube/meta.hpp"

namespace stash::api {
namespace {

std::string_view trim_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

/// Host and path of a URL; the user part is left out.
std::pair<std::string_view, std::string_view> split_url(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  const auto slash = std::min(url.find('/'), url.size());
  std::string_view host = url.substr(0, slash);
  if (const auto at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  return {host, url.substr(slash)};
}

}  // namespace

std::string LocalBackend::volume_source() const {
  std::string out;
  json::each_field<LocalBackend>([&]<class T>(const Field<LocalBackend, T>& f) {
    if constexpr (std::is_same_v<T, Raw>) {
      if (out.empty() && !(this->*f.member).text.empty())
        out = fmt::format(R"({{"{}":{}}})", f.key, (this->*f.member).text);
    }
  });
  return out;
}

std::string_view Backend::provider() const {
  if (local) return "local";
  if (s3) return "s3";
  if (gcs) return "gcs";
  if (azure) return "azure";
  if (swift) return "swift";
  if (b2) return "b2";
  if (rest) return "rest";
  return "";
}

std::string Backend::container() const {
  if (local) return local->mount_path;
  if (s3) return s3->bucket;
  if (gcs) return gcs->bucket;
  if (azure) return azure->container;
  if (swift) return swift->container;
  if (b2) return b2->bucket;
  if (rest) return std::string(split_url(rest->url).first);
  return "";
}

std::string Backend::prefix() const {
  std::string_view prefix;
  if (local)
    prefix = "";
  else if (s3)
    prefix = s3->prefix;
  else if (gcs)
    prefix = gcs->prefix;
  else if (azure)
    prefix = azure->prefix;
  else if (swift)
    prefix = swift->prefix;
  else if (b2)
    prefix = b2->prefix;
  else if (rest)
    prefix = split_url(rest->url).second;
  return std::string(trim_slashes(prefix));
}

std::string Backend::endpoint() const { return s3 ? s3->endpoint : ""; }
std::string Backend::region() const { return s3 ? s3->region : ""; }

Repository Repository::parse(const json::Value& object) {
  return parse_object<Repository>(object, "Repository");
}

bool may_use(const Repository& repository, std::string_view user, const json::Value* labels) {
  if (user == repository.metadata.ns) return true;
  if (!repository.spec.usage_policy) return false;
  const AllowedNamespaces& allowed = repository.spec.usage_policy->allowed_namespaces;
  if (allowed.from == NamespacesFrom::All) return true;
  if (allowed.from != NamespacesFrom::Selector || allowed.selector.text.empty()) return false;
  return kube::selector_matches(json::parse(allowed.selector.text, "usagePolicy selector"), labels);
}

std::string to_json(const Repository& object) { return object_text(kRepository, object); }

std::string status_patch(const RepositoryStatus& status) {
  return R"({"status":)" + json::to_text(status) + "}";
}

void repository_schema(json::Writer& w, std::string_view part) {
  part == "spec" ? json::schema<RepositorySpec>(w) : json::schema<RepositoryStatus>(w);
}

}  // namespace stash::api
