#pragma once

// Bodies of fake_api_server.hpp.

namespace stash::test {

/// An open watch: walks the history from where it stands.
class FakeApiServer::Stream final : public kube::WatchStream {
 public:
  Stream(FakeApiServer& server, std::string kind, kube::ListOptions options, std::uint64_t from)
      : server_(server), kind_(std::move(kind)), options_(std::move(options)), seen_(from) {
    server_.watches_.insert(this);
  }
  ~Stream() override { server_.watches_.erase(this); }

  Task<std::optional<kube::WatchEvent>> read() override {
    for (;;) {
      if (seen_ < server_.compacted_)
        throw Error(ErrorKind::Conflict, "watch {}: too old resource version", kind_);
      for (auto past = std::ranges::upper_bound(server_.history_, seen_, {}, &Past::version);
           past != server_.history_.end(); ++past) {
        seen_ = past->version;
        if (past->kind == kind_ && chosen(past->object, options_))
          co_return kube::WatchEvent(past->type, copy_of(past->object));
      }
      if (bookmarked_) {
        bookmarked_ = false;
        seen_ = server_.version_;
        co_return kube::WatchEvent(
            kube::EventType::Bookmark,
            json::parse(fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}}}})", seen_), ""));
      }
      if (broken_) throw Error(ErrorKind::Unavailable, "watch {}: the connection broke", kind_);
      if (ended_) co_return std::nullopt;
      co_await server_.news_.wait();
    }
  }

 private:
  friend class FakeApiServer;
  FakeApiServer& server_;
  std::string kind_;
  kube::ListOptions options_;
  std::uint64_t seen_;
  bool bookmarked_ = false;
  bool broken_ = false;
  bool ended_ = false;
};

inline const json::Document* FakeApiServer::lookup(const kube::Resource& resource,
                                                   const kube::Ref& ref) const {
  const auto objects = kinds_.find(key(resource));
  if (objects == kinds_.end()) return nullptr;
  const auto object = objects->second.find(ref);
  return object == objects->second.end() ? nullptr : &object->second;
}

inline json::Document& FakeApiServer::open(const kube::Resource& resource, const kube::Ref& ref) {
  if (!lookup(resource, ref))
    throw Error(ErrorKind::NotFound, "{} \"{}\" not found", resource.plural, ref.name);
  return kinds_[key(resource)].at(ref);
}

inline bool FakeApiServer::chosen(const json::Value& object, const kube::ListOptions& options) {
  return (options.ns.empty() || kube::namespace_of(object) == options.ns) &&
         labels_hold(object, options.label_selector) && fields_hold(object, options.field_selector);
}

inline void FakeApiServer::happened(kube::EventType type, const std::string& kind,
                                    const json::Value& object) {
  history_.push_back(Past{version_, type, kind, copy_of(object)});
  news_.notify();
}

/// Gives the object the next version, keeps it and tells the watches.
inline json::Document FakeApiServer::store(const std::string& kind, const kube::Ref& ref,
                                           json::Document object, kube::EventType type) {
  auto& allocator = object.GetAllocator();
  member(member(object, "metadata", allocator), "resourceVersion", allocator) =
      text_value(std::to_string(++version_), allocator);
  happened(type, kind, object);
  json::Document answer = copy_of(object);
  kinds_[kind].insert_or_assign(ref, std::move(object));
  return answer;
}

inline json::Document FakeApiServer::put(const kube::Resource& resource, std::string_view text) {
  json::Document object = json::parse(text, "object");
  auto& allocator = object.GetAllocator();
  auto& metadata = member(object, "metadata", allocator);
  const kube::Ref ref = kube::ref_of(object);
  const json::Document* const known = lookup(resource, ref);
  if (kube::uid_of(object).empty())
    member(metadata, "uid", allocator) =
        text_value(known ? std::string(kube::uid_of(*known)) : fmt::format("uid-{}", ++names_), allocator);
  if (!kube::creation_time_of(object))
    member(metadata, "creationTimestamp", allocator) = text_value(format_time(clock_.now()), allocator);
  if (kube::generation_of(object) == 0) member(metadata, "generation", allocator).SetInt64(1);
  return store(key(resource), ref, std::move(object),
               known ? kube::EventType::Modified : kube::EventType::Added);
}

inline json::Document FakeApiServer::get(const kube::Resource& resource, const kube::Ref& ref) const {
  const json::Document* found = lookup(resource, ref);
  return found ? copy_of(*found) : json::Document();
}

inline std::vector<kube::Ref> FakeApiServer::refs(const kube::Resource& resource) const {
  std::vector<kube::Ref> out;
  if (const auto objects = kinds_.find(key(resource)); objects != kinds_.end())
    for (const auto& [ref, object] : objects->second) out.push_back(ref);
  return out;
}

inline void FakeApiServer::edit(const kube::Resource& resource, const kube::Ref& ref, std::string_view text) {
  json::Document wanted = copy_of(open(resource, ref));
  merge_patch(wanted, json::parse(text, "edit"), wanted.GetAllocator());
  store(key(resource), ref, std::move(wanted), kube::EventType::Modified);
}

inline std::size_t FakeApiServer::writes() const {
  const std::set<std::string_view> reads{"find", "list", "watch"};
  return static_cast<std::size_t>(
      std::ranges::count_if(calls, [&reads](const Call& call) { return !reads.contains(call.verb); }));
}

inline void FakeApiServer::compact() {
  history_.clear();
  compacted_ = ++version_;
  news_.notify();
}

inline void FakeApiServer::cut(bool broken) {
  for (Stream* stream : watches_) (broken ? stream->broken_ : stream->ended_) = true;
  news_.notify();
}

inline void FakeApiServer::bookmark() {
  for (Stream* stream : watches_) stream->bookmarked_ = true;
  news_.notify();
}

inline void FakeApiServer::drop(const std::string& kind, const kube::Ref& ref) {
  auto node = kinds_[kind].extract(ref);
  if (!node) return;
  ++version_;
  happened(kube::EventType::Deleted, kind, node.mapped());
  drop_dependants(std::string(kube::uid_of(node.mapped())));
}

inline void FakeApiServer::drop_dependants(const std::string& uid) {
  std::vector<std::pair<std::string, kube::Ref>> owned;
  for (const auto& [kind, objects] : kinds_)
    for (const auto& [ref, object] : objects)
      if (kube::is_owned_by(object, uid)) owned.emplace_back(kind, ref);
  for (const auto& [kind, ref] : owned) drop(kind, ref);
}

/// What a write through the API does beyond storing: the part it may not touch stays, preconditions are
/// checked, a changed spec is a new generation, no change is no write, and the last finalizer of a deleted
/// object ends it.
inline json::Document FakeApiServer::write(const kube::Resource& resource, const kube::Ref& ref,
                                           json::Document wanted, const std::string& subresource) {
  const json::Document& old = open(resource, ref);
  const auto differs = [](std::string_view given, std::string_view present) {
    return !given.empty() && given != present;
  };
  if (differs(kube::resource_version_of(wanted), kube::resource_version_of(old)) ||
      differs(kube::uid_of(wanted), kube::uid_of(old)))
    throw Error(ErrorKind::Conflict, "{} \"{}\": the object has been modified", resource.plural, ref.name);
  json::Document next = copy_of(subresource.empty() ? wanted : old);
  auto& allocator = next.GetAllocator();
  const json::Value* status = json::find(subresource.empty() ? old : wanted, "status");
  if (status)
    member(next, "status", allocator).CopyFrom(*status, allocator);
  else
    drop_member(next, "status");
  auto& metadata = member(next, "metadata", allocator);
  for (const char* kept : {"uid", "creationTimestamp", "resourceVersion", "generation", "name", "namespace"})
    if (const json::Value* value = json::find(old, "metadata", kept))
      member(metadata, kept, allocator).CopyFrom(*value, allocator);
  const json::Value* spec = json::find(next, "spec");
  const json::Value* old_spec = json::find(old, "spec");
  if ((spec && old_spec && *spec != *old_spec) || !spec != !old_spec)
    member(metadata, "generation", allocator).SetInt64(kube::generation_of(old) + 1);
  if (next == old) return next;
  if (kube::is_deleting(next) && kube::finalizers_of(next).empty()) {
    json::Document answer = copy_of(next);
    kinds_[key(resource)].insert_or_assign(ref, std::move(next));
    drop(key(resource), ref);
    return answer;
  }
  return store(key(resource), ref, std::move(next), kube::EventType::Modified);
}

inline Task<std::optional<json::Document>> FakeApiServer::find(const kube::Resource& resource,
                                                               kube::Ref ref) {
  note("find", resource, ref, "");
  const json::Document* found = lookup(resource, ref);
  if (!found) co_return std::nullopt;
  co_return copy_of(*found);
}

inline Task<json::Document> FakeApiServer::create(const kube::Resource& resource, std::string ns,
                                                  std::string body) {
  json::Document object = json::parse(body, "create");
  auto& allocator = object.GetAllocator();
  auto& metadata = member(object, "metadata", allocator);
  if (const auto prefix = json::text(metadata, "generateName");
      kube::name_of(object).empty() && !prefix.empty())
    member(metadata, "name", allocator) = text_value(fmt::format("{}{:05}", prefix, ++names_), allocator);
  const kube::Ref ref(ns, std::string(kube::name_of(object)));
  note("create", resource, ref, body);
  if (ref.name.empty()) throw Error(ErrorKind::Invalid, "{}: metadata.name is required", resource.plural);
  if (!kube::namespace_of(object).empty() && kube::namespace_of(object) != ns)
    throw Error(ErrorKind::Invalid, "{}: the namespace of the object does not match the one of the request",
                resource.plural);
  if (!kube::resource_version_of(object).empty())
    throw Error(ErrorKind::Invalid, "{}: resourceVersion should not be set on objects to be created",
                resource.plural);
  if (has(resource, ref))
    throw Error(ErrorKind::Conflict, "{} \"{}\" already exists", resource.plural, ref.name);
  if (!ns.empty()) member(metadata, "namespace", allocator) = text_value(ns, allocator);
  drop_member(object, "status");
  drop_member(metadata, "uid");
  co_return put(resource, json::dump(object));
}

inline Task<json::Document> FakeApiServer::patch(const kube::Resource& resource, kube::Ref ref,
                                                 std::string body, kube::PatchOptions options) {
  note(options.subresource.empty() ? "patch" : "patch " + options.subresource, resource, ref, body);
  const json::Document change = json::parse(body, "patch");
  const bool makes = options.type == kube::PatchType::Apply && !has(resource, ref);
  json::Document wanted = makes ? json::parse("{}", "") : copy_of(open(resource, ref));
  auto& allocator = wanted.GetAllocator();
  if (options.type == kube::PatchType::Json)
    json_patch(wanted, change, allocator);
  else if (options.type == kube::PatchType::Merge)
    merge_patch(wanted, change, allocator);
  else
    strategic_patch(wanted, change, allocator);
  if (options.dry_run) co_return wanted;
  if (!makes) co_return write(resource, ref, std::move(wanted), options.subresource);
  auto& metadata = member(wanted, "metadata", allocator);
  member(metadata, "name", allocator) = text_value(ref.name, allocator);
  if (!ref.ns.empty()) member(metadata, "namespace", allocator) = text_value(ref.ns, allocator);
  drop_member(wanted, "status");
  co_return put(resource, json::dump(wanted));
}

inline Task<json::Document> FakeApiServer::replace(const kube::Resource& resource, kube::Ref ref,
                                                   std::string body, std::string subresource) {
  note(subresource.empty() ? "replace" : "replace " + subresource, resource, ref, body);
  co_return write(resource, ref, json::parse(body, "replace"), subresource);
}

inline Task<void> FakeApiServer::remove(const kube::Resource& resource, kube::Ref ref,
                                        kube::Propagation propagation, std::string uid) {
  note("remove", resource, ref, "");
  if (!has(resource, ref)) co_return;
  const json::Document& object = open(resource, ref);
  if (!uid.empty() && uid != kube::uid_of(object))
    throw Error(ErrorKind::Conflict, "{} \"{}\": the uid is another", resource.plural, ref.name);
  if (!kube::finalizers_of(object).empty()) {
    if (!kube::is_deleting(object))
      edit(resource, ref,
           fmt::format(R"({{"metadata":{{"deletionTimestamp":"{}"}}}})", format_time(clock_.now())));
    co_return;
  }
  if (propagation == kube::Propagation::Orphan) {
    auto node = kinds_[key(resource)].extract(ref);
    ++version_;
    happened(kube::EventType::Deleted, key(resource), node.mapped());
    co_return;
  }
  drop(key(resource), ref);
}

inline Task<json::Document> FakeApiServer::list(const kube::Resource& resource, kube::ListOptions options) {
  note("list", resource, kube::Ref(options.ns, ""), "");
  // The token is "version:ns/name", the last object of the page before.
  kube::Ref after;
  std::uint64_t version = version_;
  if (!options.continue_token.empty()) {
    const auto colon = options.continue_token.find(':');
    const auto slash = options.continue_token.find('/');
    version = std::stoull(options.continue_token.substr(0, colon));
    after = kube::Ref(options.continue_token.substr(colon + 1, slash - colon - 1),
                      options.continue_token.substr(slash + 1));
    if (version < compacted_)
      throw Error(ErrorKind::Conflict, "list {}: the continue token is too old", resource.plural);
  }
  json::Document page = json::parse(R"({"metadata":{},"items":[]})", "");
  auto& allocator = page.GetAllocator();
  auto& metadata = member(page, "metadata", allocator);
  member(metadata, "resourceVersion", allocator) = text_value(std::to_string(version), allocator);
  auto& items = member(page, "items", allocator);
  kube::Ref last;
  for (const auto& [ref, object] : kinds_[key(resource)]) {
    if ((!options.continue_token.empty() && ref <= after) || !chosen(object, options)) continue;
    if (options.limit > 0 && static_cast<int>(items.Size()) == options.limit) {
      member(metadata, "continue", allocator) =
          text_value(fmt::format("{}:{}/{}", version, last.ns, last.name), allocator);
      break;
    }
    items.PushBack(json::Value(object, allocator), allocator);
    last = ref;
  }
  co_return page;
}

inline Task<std::unique_ptr<kube::WatchStream>> FakeApiServer::watch(const kube::Resource& resource,
                                                                     kube::ListOptions options) {
  note("watch", resource, kube::Ref(options.ns, ""), "");
  const std::uint64_t from =
      options.resource_version.empty() ? version_ : std::stoull(options.resource_version);
  if (from < compacted_)
    throw Error(ErrorKind::Conflict, "watch {}: too old resource version", resource.plural);
  co_return std::make_unique<Stream>(*this, key(resource), std::move(options), from);
}

inline Task<kube::ExecResult> FakeApiServer::exec(kube::Ref pod, std::string container,
                                                  std::vector<std::string> command, Duration, std::size_t) {
  static constexpr kube::Resource kPods{"", "v1", "pods", "Pod"};
  note("exec", kPods, pod, command.empty() ? "" : command.back());
  if (!on_exec) throw Error(ErrorKind::Unsupported, "fake API server: no answer to exec was given");
  co_return on_exec(pod, container, command);
}

}  // namespace stash::test
