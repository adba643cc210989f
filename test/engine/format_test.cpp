#include "engine/format_fixture.hpp"

#include <gtest/gtest.h>

#include "engine/format/codec.hpp"
#include "engine/format/config.hpp"
#include "engine/format/manifest.hpp"
#include "engine/format/pack.hpp"
#include "engine/format/sealed.hpp"
#include "engine/format/segment.hpp"
#include "engine/format/tomb.hpp"

namespace stash::engine {
namespace {

using test::every_damage_is_detected;
using test::test_keys;

std::array<std::byte, 32> id_bytes(unsigned seed) {
  std::array<std::byte, 32> bytes{};
  test::SeededRandom(seed).fill(bytes);
  return bytes;
}

TEST(Ids, PackNamesSpreadOverTheFirstByteAndParse) {
  test::SeededRandom random;
  const ObjectId id = ObjectId::make(random);
  const std::string name = pack_name(id);

  EXPECT_EQ(name, "packs/" + id.hex().substr(0, 2) + "/" + id.hex());
  EXPECT_EQ(parse_pack_name(name), id);
  for (const std::string& bad :
       {std::string("packs/ab"), "index/" + id.hex(), "packs/zz/" + id.hex(), name + "0"})
    EXPECT_FALSE(parse_pack_name(bad)) << bad;
}

TEST(Ids, UlidsSortByTimeAndTellIt) {
  test::SeededRandom random;
  const TimePoint early{std::chrono::milliseconds(1'700'000'000'123)};
  const std::string a = make_ulid(early, random);
  const std::string b = make_ulid(early + std::chrono::milliseconds(1), random);

  EXPECT_LT(a, b);
  EXPECT_TRUE(is_ulid(a));
  EXPECT_EQ(ulid_time(a), early);
  EXPECT_FALSE(is_ulid("01HF7YAT00000000000000000O"));
  EXPECT_EQ(ulid_time("7zzzzzzzzzzzzzzzzzzzzzzzzz"), ulid_time("7zzzzzzzzz0000000000000000"));
}

TEST(Ids, DatedIdsTellWhenTheyWereMade) {
  test::SeededRandom random;
  const TimePoint now{std::chrono::milliseconds(1'700'000'000'123)};

  EXPECT_EQ(ObjectId::make_dated(random, now).made(), now);
  EXPECT_NE(ObjectId::make_dated(random, now), ObjectId::make_dated(random, now));
}

TEST(ConfigFormat, RoundTripsAndDamageIsDetected) {
  const Keys keys = test_keys();
  Config config;
  config.id = keys.repository();
  config.created = TimePoint(std::chrono::seconds(1'700'000'000));
  config.compat = {"later"};
  const std::string text = write_config(config, keys.config_mac());

  EXPECT_EQ(read_config(text).verify(keys.config_mac()), config);
  EXPECT_TRUE(every_damage_is_detected(copy_of(as_bytes(text)), [&](const Bytes& damaged) {
    read_config(as_text(damaged)).verify(keys.config_mac());
  }));
}

TEST(ConfigFormat, UnknownFeaturesForbidOpeningOrWriting) {
  const Keys keys = test_keys();
  Config config;
  config.ro_compat = {"striped"};
  const Config read = read_config(write_config(config, keys.config_mac())).verify(keys.config_mac());
  EXPECT_EQ(test::kind_of([&] { read.require_writable(); }), ErrorKind::Unsupported);

  config.incompat = {"zstd"};
  EXPECT_EQ(test::kind_of([&] { read_config(write_config(config, keys.config_mac())); }),
            ErrorKind::Unsupported);
}

TEST(KeySlots, OpenWithTheirPasswordOnlyAndDamageIsDetected) {
  test::SeededRandom random;
  const crypto::Key master(test::random_bytes(32, 9));
  const std::string password(64, 'p');
  const TimePoint now{std::chrono::seconds(1'700'000'000)};
  const std::string id = "00112233445566778899aabbccddeeff";
  const std::string text = write_slot(id, master, password, Kdf::Raw, "laptop", now, random);
  const KeySlot slot = read_slot(id, text);

  EXPECT_EQ(to_hex(slot.unlock(password).value().view()), to_hex(master.view()));
  EXPECT_FALSE(slot.unlock(password + "!"));
  EXPECT_EQ(slot.label, "laptop");
  EXPECT_EQ(slot.created, now);
  EXPECT_FALSE(read_slot("ffeeddccbbaa99887766554433221100", text).unlock(password))
      << "a slot under another name";
  EXPECT_TRUE(every_damage_is_detected(copy_of(as_bytes(text)), [&](const Bytes& damaged) {
    if (!read_slot(id, as_text(damaged)).unlock(password)) throw Error(ErrorKind::Corrupt, "does not open");
  }));
}

TEST(KeySlots, WhatAMachineMadeIsNotStretchedWhatAPersonMayHaveMadeIs) {
  EXPECT_EQ(kdf_for("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"), Kdf::Raw);
  EXPECT_EQ(kdf_for("uG7wJ3mZ+0cQ8tYdXb1rA5sKe9VfLhN2pTqWzCjRo4E="), Kdf::Raw);
  EXPECT_EQ(kdf_for("uG7wJ3mZ-0cQ8tYdXb1rA5sKe9VfLhN2pTqWzCjRo4E"), Kdf::Raw);
  EXPECT_EQ(kdf_for("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0"), Kdf::Scrypt) << "63";
  EXPECT_EQ(kdf_for("uG7wJ3mZ+0cQ8tYdXb1rA5sKe9VfLhN2pTqWzCjRo4"), Kdf::Scrypt) << "42 characters";
  EXPECT_EQ(kdf_for("correct-horse-battery-staple-correct-horse-battery-staple"), Kdf::Scrypt);
  EXPECT_EQ(kdf_for("Correct horse battery staple 1 Correct horse battery staple 1"), Kdf::Scrypt);
  EXPECT_EQ(kdf_for(std::string(80, 'x')), Kdf::Scrypt);
  EXPECT_EQ(kdf_for(""), Kdf::Scrypt);
}

TEST(KeySlots, ScryptOpensAndWeakRawSecretsAreRefused) {
  test::SeededRandom random;
  const crypto::Key master(test::random_bytes(32, 9));
  const std::string text = write_slot("0", master, "short", Kdf::Scrypt, "", {}, random);

  EXPECT_TRUE(read_slot("0", text).unlock("short"));
  EXPECT_FALSE(read_slot("0", text).unlock("Short"));
  EXPECT_EQ(test::kind_of([&] { write_slot("0", master, "short", Kdf::Raw, "", {}, random); }),
            ErrorKind::Invalid);
  EXPECT_EQ(test::kind_of([&] { write_slot("0", master, "", Kdf::Scrypt, "", {}, random); }),
            ErrorKind::Invalid);
}

TEST(SealedObjects, RoundTripAtEveryPieceBoundary) {
  const Keys keys = test_keys();
  constexpr std::size_t kPiece = 1u << 20;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1, 2 * kPiece}) {
    const Bytes plain = test::random_bytes(size, size);
    const Bytes sealed = seal_object(keys, kTombMagic, "tomb/x", plain);
    EXPECT_EQ(open_object(keys, kTombMagic, "tomb/x", sealed), plain) << size;
  }
}

TEST(SealedObjects, DamageIsDetected) {
  const Keys keys = test_keys();
  const Bytes sealed = seal_object(keys, kSnapshotMagic, "snapshots/a", as_bytes("{\"some\":\"manifest\"}"));

  EXPECT_TRUE(every_damage_is_detected(
      sealed, [&](const Bytes& damaged) { open_object(keys, kSnapshotMagic, "snapshots/a", damaged); }));
}

TEST(SealedObjects, ACutNearAPieceBoundaryIsDetected) {
  const Keys keys = test_keys();
  constexpr std::size_t kStoredPiece = (1u << 20) + crypto::kTagSize;
  const Bytes sealed = seal_object(keys, kSegmentMagic, "index/a", Bytes(3u << 20));
  for (const std::size_t boundary : {16 + kStoredPiece, 16 + 2 * kStoredPiece, sealed.size()})
    for (std::size_t size = boundary - 17; size <= std::min(boundary + 17, sealed.size() - 1); ++size)
      // With the true number of pieces in the header, and with that which the length suggests.
      for (const int pieces : {1, 2, 3}) {
        Bytes cut = test::first_of(sealed, size);
        cut[12] = static_cast<std::byte>(pieces);
        EXPECT_EQ(test::kind_of([&] { open_object(keys, kSegmentMagic, "index/a", cut); }),
                  ErrorKind::Corrupt)
            << size << " bytes, " << pieces << " pieces";
      }
}

TEST(SealedObjects, ALostPieceAndASwappedOneAreDetected) {
  const Keys keys = test_keys();
  constexpr std::size_t kStoredPiece = (1u << 20) + crypto::kTagSize;
  const Bytes sealed = seal_object(keys, kSegmentMagic, "index/a", Bytes(2u << 20));
  const auto opens = [&](const Bytes& bytes) {
    return !test::kind_of([&] { open_object(keys, kSegmentMagic, "index/a", bytes); });
  };
  ASSERT_TRUE(opens(sealed));
  Bytes lost = test::first_of(sealed, sealed.size() - kStoredPiece);
  EXPECT_FALSE(opens(lost));
  lost[12] = std::byte{1};  // the header's count made to fit
  EXPECT_FALSE(opens(lost));
  Bytes swapped = sealed;
  std::swap_ranges(swapped.begin() + 16, swapped.begin() + 16 + kStoredPiece,
                   swapped.begin() + 16 + kStoredPiece);
  EXPECT_FALSE(opens(swapped));
}

TEST(SealedObjects, OpenUnderTheirNameKindAndRepositoryOnly) {
  const Keys keys = test_keys();
  test::SeededRandom random;
  const Keys other(keys.master(), ObjectId::make(random));
  const Bytes sealed = seal_object(keys, kSnapshotMagic, "snapshots/a", as_bytes("x"));

  EXPECT_EQ(test::kind_of([&] { open_object(keys, kSnapshotMagic, "snapshots/b", sealed); }),
            ErrorKind::Corrupt);
  EXPECT_EQ(test::kind_of([&] { open_object(keys, kTombMagic, "snapshots/a", sealed); }), ErrorKind::Corrupt);
  EXPECT_EQ(test::kind_of([&] { open_object(other, kSnapshotMagic, "snapshots/a", sealed); }),
            ErrorKind::Corrupt);
}

PackFooter some_footer(std::uint64_t& end) {
  PackFooter footer;
  footer.frames = {{16, 100, 400, Codec::Lz4}, {116, 84, 68, Codec::Raw}};
  footer.blobs = {{{id_bytes(1)}, 0, 0, 100}, {{id_bytes(2)}, 0, 100, 300}, {{id_bytes(3)}, 1, 0, 68}};
  end = 200;
  return footer;
}

TEST(PackFormat, FooterRoundTripsAndDamageIsDetected) {
  const Keys keys = test_keys();
  test::SeededRandom random;
  const ObjectId pack = ObjectId::make(random);
  std::uint64_t end = 0;
  const PackFooter footer = some_footer(end);
  for (const bool pad : {false, true}) {
    const Bytes sealed = seal_footer(keys, pack, BlobKind::Data, end, footer, pad);
    const std::uint64_t size = end + sealed.size();
    const auto open = [&](const Bytes& bytes) {
      if (bytes.size() < kTrailerSize) throw Error(ErrorKind::Corrupt, "too short");
      const ByteView view(bytes);
      const std::uint64_t at =
          footer_offset(view.last(kTrailerSize), BlobKind::Data, end + bytes.size(), pack);
      if (at != end) throw Error(ErrorKind::Corrupt, "elsewhere");
      return open_footer(keys, pack, BlobKind::Data, at, view.first(bytes.size() - kTrailerSize));
    };
    EXPECT_EQ(open(sealed), footer);
    EXPECT_TRUE(every_damage_is_detected(sealed, open));
    if (pad) EXPECT_EQ(size, padme(size));
  }
}

TEST(PackFormat, FootersThatPointOutsideAreRefused) {
  const Keys keys = test_keys();
  test::SeededRandom random;
  const ObjectId pack = ObjectId::make(random);
  std::uint64_t end = 0;
  const PackFooter good = some_footer(end);
  const auto opens = [&](const PackFooter& footer) {
    const Bytes sealed = seal_footer(keys, pack, BlobKind::Tree, end, footer, false);
    return !test::kind_of([&] {
      open_footer(keys, pack, BlobKind::Tree, end, ByteView(sealed).first(sealed.size() - kTrailerSize));
    });
  };
  ASSERT_TRUE(opens(good));
  PackFooter bad = good;
  bad.blobs[1].length = 301;
  EXPECT_FALSE(opens(bad));
  bad = good;
  bad.blobs[1].frame = 2;
  EXPECT_FALSE(opens(bad));
  bad = good;
  bad.frames[1].offset = 117;
  EXPECT_FALSE(opens(bad));
  bad = good;
  bad.frames[1].stored = 90;
  EXPECT_FALSE(opens(bad));
  bad = good;
  bad.frames[0].raw = kMaxFrame + 1;
  EXPECT_FALSE(opens(bad));
}

TEST(PackFormat, PadmeLosesLittleAndKeepsFewBits) {
  for (std::uint64_t size = 1; size < 100'000; size += 7) {
    EXPECT_GE(padme(size), size);
    EXPECT_LE(padme(size), size + size / 8 + 1);
    EXPECT_EQ(padme(padme(size)), padme(size));
  }
  EXPECT_EQ(padme(9), 10u);
  EXPECT_EQ(padme(16u << 20), 16u << 20);
}

Segment some_segment() {
  test::SeededRandom random(4);
  Segment segment;
  segment.superseded = {ObjectId::make(random)};
  segment.packs = {{ObjectId::make(random), 5000, {}, BlobKind::Data, 0, 2},
                   {ObjectId::make(random), 900, {}, BlobKind::Tree, 2, 1}};
  segment.frames = {{16, 100, 400, Codec::Lz4}, {116, 84, 68, Codec::Raw}, {16, 500, 900, Codec::Lz4}};
  for (unsigned i = 0; i < 12; ++i)
    segment.blobs.push_back({{id_bytes(i)}, i % 2, i % 2 == 0 ? i % 4 / 2 : 2, i, 50});
  return segment;
}

TEST(SegmentFormat, RoundTripsSortedAndDamageIsSurvived) {
  const Segment segment = some_segment();
  const Bytes plain = encode_segment(segment);
  Segment sorted = segment;
  std::ranges::sort(sorted.blobs, {}, &SegmentBlob::id);

  EXPECT_EQ(decode_segment(plain), sorted);
  EXPECT_EQ(encode_segment(sorted), plain);
  EXPECT_TRUE(test::every_damage_is_survived(plain, [](const Bytes& damaged) { decode_segment(damaged); }));
}

TEST(SegmentFormat, ReferencesOutsideAreRefused) {
  const auto decodes = [](const Segment& segment) {
    return !test::kind_of([&] { decode_segment(encode_segment(segment)); });
  };
  ASSERT_TRUE(decodes(some_segment()));
  Segment bad = some_segment();
  bad.blobs[0].pack = 2;
  EXPECT_FALSE(decodes(bad));
  bad = some_segment();
  bad.blobs[0].frame = 2;
  EXPECT_FALSE(decodes(bad)) << "a frame of another pack";
  bad = some_segment();
  bad.blobs[0].length = 401;
  EXPECT_FALSE(decodes(bad));
  bad = some_segment();
  bad.packs[1].frames = 2;
  EXPECT_FALSE(decodes(bad));
  bad = some_segment();
  bad.packs[0].size = 199;
  EXPECT_FALSE(decodes(bad));
}

Manifest some_manifest() {
  Manifest m;
  m.snapshot.id = "01hf7yat00000000000000000a";
  m.snapshot.start = TimePoint(Duration(1'700'000'000'123'456'789));
  m.snapshot.end = m.snapshot.start + std::chrono::seconds(3);
  m.snapshot.host = "host-0";
  m.snapshot.paths = {"/data", std::string("/caf\xe9", 5)};
  m.snapshot.tags = {"nightly"};
  m.snapshot.excludes = {"*.tmp"};
  m.snapshot.source = {{"namespace", "demo"}, {"claim", "uid-1"}};
  m.snapshot.program = "stash 0.1.0";
  m.snapshot.complete = false;
  m.snapshot.counts.files_new = 3;
  m.snapshot.counts.bytes = UINT64_MAX;
  m.snapshot.errors = 1;
  m.snapshot.first_errors.emplace_back("/data/x", "permission denied");
  m.root = {id_bytes(8)};
  m.entries = 5;
  m.previous = "01hf7yat00000000000000000b";
  return m;
}

TEST(ManifestFormat, RoundTripsWithNamesThatAreNotUtf8) {
  const Manifest manifest = some_manifest();
  const std::string text = write_manifest(manifest);
  const Manifest read = read_manifest(text, manifest.snapshot.id);

  EXPECT_EQ(write_manifest(read), text);
  EXPECT_EQ(read.snapshot.paths, manifest.snapshot.paths);
  EXPECT_EQ(read.snapshot.start, manifest.snapshot.start);
  EXPECT_EQ(read.snapshot.counts, manifest.snapshot.counts);
  EXPECT_EQ(read.root, manifest.root);
  EXPECT_EQ(read.snapshot.id, manifest.snapshot.id);
}

TEST(ManifestFormat, UnknownMembersArePassedOverAndWrongOnesNamed) {
  std::string text = write_manifest(some_manifest());
  text.insert(1, "\"signature\":\"later\",");
  EXPECT_NO_THROW(read_manifest(text, "x"));
  const auto at = text.find("\"entries\":5");
  text.replace(at, 11, "\"entries\":-5");
  try {
    read_manifest(text, "x");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    EXPECT_STREQ(e.what(), "snapshots/x: damaged: member \"entries\"");
  }
}

TEST(ManifestFormat, DamageIsSurvived) {
  const std::string text = write_manifest(some_manifest());
  EXPECT_TRUE(test::every_damage_is_survived(
      copy_of(as_bytes(text)), [](const Bytes& damaged) { read_manifest(as_text(damaged), "x"); }));
}

TEST(TombFormat, RoundTripsAndDamageIsDetected) {
  const Keys keys = test_keys();
  test::SeededRandom random;
  Tomb tomb;
  tomb.id = make_ulid({}, random);
  tomb.packs = {ObjectId::make(random), ObjectId::make(random)};
  tomb.settled = {make_ulid({}, random)};
  const Bytes sealed = seal_tomb(keys, tomb);

  EXPECT_EQ(open_tomb(keys, tomb.id, sealed), tomb);
  EXPECT_TRUE(
      every_damage_is_detected(sealed, [&](const Bytes& damaged) { open_tomb(keys, tomb.id, damaged); }));
}

TEST(TombFormat, ReadsTheFirstVersionWhichNamesNoOtherTombs) {
  Bytes plain;
  ByteWriter w(plain);
  w.u32(1);
  w.u32(1);
  w.bytes(Bytes(16, std::byte{7}));
  const Tomb tomb = decode_tomb(plain, "tomb/x");

  ASSERT_EQ(tomb.packs.size(), 1u);
  EXPECT_EQ(tomb.packs[0].hex(), "07070707070707070707070707070707");
  EXPECT_TRUE(tomb.settled.empty());
}

TEST(TombFormat, RefusesCountsThatDoNotFitAndNamesThatAreNone) {
  Tomb tomb;
  tomb.packs.resize(1);
  tomb.settled = {std::string(26, '0')};
  const Bytes sound = encode_tomb(tomb);
  ASSERT_EQ(decode_tomb(sound, "tomb/x"), tomb);
  const auto refused = [&](std::size_t at, std::byte value) {
    Bytes wrong = sound;
    wrong.at(at) = value;
    return test::kind_of([&] { decode_tomb(wrong, "tomb/x"); }) == ErrorKind::Corrupt;
  };
  EXPECT_TRUE(refused(0, std::byte{3})) << "version";
  EXPECT_TRUE(refused(4, std::byte{0})) << "packs";
  EXPECT_TRUE(refused(7, std::byte{255})) << "packs";
  EXPECT_TRUE(refused(24, std::byte{0})) << "settled";
  EXPECT_TRUE(refused(24, std::byte{2})) << "settled";
  EXPECT_TRUE(refused(28, std::byte{'u'})) << "a letter that no ulid has";
}

TEST(Frames, CompressWhatGainsAndKeepTheRest) {
  Bytes scratch;
  const Bytes dull = test::dull_bytes(100'000, 1);
  const Payload packed = compress(dull, scratch);
  EXPECT_EQ(packed.codec, Codec::Lz4);
  EXPECT_LT(packed.bytes.size(), dull.size() / 2);
  EXPECT_EQ(decompress(packed.bytes, packed.codec, dull.size()), dull);

  Bytes other;
  const Bytes random = test::random_bytes(100'000, 1);
  const Payload kept = compress(random, other);
  EXPECT_EQ(kept.codec, Codec::Raw);
  EXPECT_EQ(kept.bytes.data(), random.data());
  EXPECT_EQ(decompress(kept.bytes, kept.codec, random.size()), random);
}

TEST(Frames, WrongLengthsDoNotDecompress) {
  Bytes scratch;
  const Bytes dull = test::dull_bytes(10'000, 1);
  const Payload packed = compress(dull, scratch);
  const Bytes payload = copy_of(packed.bytes);
  for (const std::size_t raw : {std::size_t{0}, std::size_t{9'999}, std::size_t{10'001}, kMaxFrame + 1})
    EXPECT_EQ(test::kind_of([&] { decompress(payload, Codec::Lz4, raw); }), ErrorKind::Corrupt) << raw;
}

}  // namespace
}  // namespace stash::engine
