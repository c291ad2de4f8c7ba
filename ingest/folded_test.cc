#include "ingest/folded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace flamekeep::ingest {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  std::string_view line;
  while (NextLine(&text, &line)) lines.emplace_back(line);
  return lines;
}

TEST(NextLineTest, LastNewlineMayBeMissing) {
  EXPECT_THAT(Lines(""), ElementsAre());
  EXPECT_THAT(Lines("\n"), ElementsAre(""));
  EXPECT_THAT(Lines("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(Lines("a\nb\n"), ElementsAre("a", "b"));
}

TEST(ParseFoldedTest, StackAndCount) {
  const struct {
    std::string_view line;
    std::string_view stack;
    uint64_t count;
  } cases[] = {
      {"a;b 1", "a;b", 1},
      {"a 42", "a", 42},
      {"a 1\r", "a", 1},
      {"a 0007", "a", 7},
      {"a b;c d 3", "a b;c d", 3},
      {"a 18446744073709551615", "a", std::numeric_limits<uint64_t>::max()},
      {"  1", " ", 1},
      {"{closure:/srv/x.php(12)} 2", "{closure:/srv/x.php(12)}", 2},
  };
  for (const auto& [line, stack, count] : cases) {
    FoldedLine folded;
    EXPECT_EQ(ParseFolded(line, &folded), Reject::kNone) << line;
    EXPECT_EQ(folded.stack, stack);
    EXPECT_EQ(folded.count, count);
  }
}

TEST(ParseFoldedTest, Rejects) {
  const std::pair<std::string, Reject> cases[] = {
      {"a;b", Reject::kNoCount},
      {"7", Reject::kNoCount},
      {"a ", Reject::kNoCount},
      {"a b", Reject::kNoCount},
      {"a -", Reject::kNoCount},
      {"a x1", Reject::kNoCount},
      {"a\t1", Reject::kNoCount},
      {"a -1", Reject::kBadCount},
      {"a +1", Reject::kBadCount},
      {"a 1.5", Reject::kBadCount},
      {"a 1x", Reject::kBadCount},
      {"a 99999999999999999999x", Reject::kBadCount},
      {"a 0", Reject::kZeroCount},
      {"a 000", Reject::kZeroCount},
      {"a 18446744073709551616", Reject::kHugeCount},
      {"a 99999999999999999999999999999", Reject::kHugeCount},
      {" 1", Reject::kNoFrames},
      {std::string(kMaxLineBytes - 1, 'a') + " 1", Reject::kTooLong},
  };
  for (const auto& [line, reject] : cases) {
    FoldedLine folded;
    EXPECT_EQ(ParseFolded(line, &folded), reject) << line.substr(0, 40);
  }
  FoldedLine folded;
  EXPECT_EQ(ParseFolded(std::string(kMaxLineBytes - 2, 'a') + " 1", &folded), Reject::kNone);
}

TEST(ParseTimedTest, TimeChannelAndLine) {
  TimedLine timed;
  ASSERT_EQ(ParseTimed("1795222421345189\texcimer-wall\ta;b 1", &timed), Reject::kNone);
  EXPECT_EQ(timed.unix_micros, 1795222421345189);
  EXPECT_EQ(timed.channel, "excimer-wall");
  EXPECT_EQ(timed.folded, "a;b 1");
  ASSERT_EQ(ParseTimed("-5\tc\t", &timed), Reject::kNone);
  EXPECT_EQ(timed.unix_micros, -5);
  EXPECT_EQ(timed.folded, "");
}

TEST(ParseTimedTest, Rejects) {
  const std::pair<std::string_view, Reject> cases[] = {
      {"a;b 1", Reject::kNoTime},
      {"", Reject::kNoTime},
      {"-\tc\ta 1", Reject::kNoTime},
      {"12", Reject::kNoTime},
      {"12 c\ta 1", Reject::kNoTime},
      {"1.5\tc\ta 1", Reject::kNoTime},
      {"99999999999999999999999\tc\ta 1", Reject::kTimeOutOfRange},
      {"12\t\ta 1", Reject::kNoChannel},
      {"12\tc", Reject::kNoChannel},
      {"12\t", Reject::kNoChannel},
  };
  for (const auto& [line, reject] : cases) {
    TimedLine timed;
    EXPECT_EQ(ParseTimed(line, &timed), reject) << line;
  }
}

std::string Readable(std::string_view text) {
  std::string out;
  AppendReadable(text, &out);
  return out;
}

TEST(ReadableTest, TextStays) {
  for (const std::string_view text : {"", "MediaWiki\\Actions\\EditAction::show", "é", "日本語",
                                      "\U0001F525", "\u0080", "0123456789abcde\u00e9f"}) {
    EXPECT_TRUE(IsReadable(text)) << text;
    EXPECT_EQ(Readable(text), text);
  }
}

TEST(ReadableTest, EverythingElseIsSpelled) {
  using std::string_literals::operator""s;
  const std::pair<std::string, std::string> cases[] = {
      {"class@anonymous\0/srv/x.php"s, "class@anonymous\\x00/srv/x.php"},
      {"a\xff"
       "b",
       "a\\xFFb"},
      {"\t\x1f\x7f", "\\x09\\x1F\\x7F"},
      {"\xc3", "\\xC3"},                             // cut short
      {"\xc0\xaf", "\\xC0\\xAF"},                    // '/' in too many bytes
      {"\xe0\x80\xaf", "\\xE0\\x80\\xAF"},           // the same
      {"\xed\xa0\x80", "\\xED\\xA0\\x80"},           // a surrogate
      {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},  // above U+10FFFF
      {"\xef\xbf\xbf", "\\xEF\\xBF\\xBF"},           // U+FFFF, which no XML may hold
      {"0123456\x01", "0123456\\x01"},
      {"\xe6\x97\xa5\xe6\x97", "日\\xE6\\x97"},
  };
  for (const auto& [text, readable] : cases) {
    EXPECT_FALSE(IsReadable(text)) << readable;
    EXPECT_EQ(Readable(text), readable);
    EXPECT_TRUE(IsReadable(readable));
  }
}

TEST(SplitFramesTest, RootFirst) {
  std::vector<std::string_view> frames;
  EXPECT_EQ(SplitFrames("a;b;c", &frames), 0);
  EXPECT_THAT(frames, ElementsAre("a", "b", "c"));
  EXPECT_EQ(SplitFrames("/srv/w/index.php;excimer_truncated;f", &frames), kExcimerTruncated);
  EXPECT_THAT(frames, ElementsAre("/srv/w/index.php", "excimer_truncated", "f"));
}

TEST(SplitFramesTest, EmptyFramesAreLeftOut) {
  std::vector<std::string_view> frames;
  EXPECT_EQ(SplitFrames(";a;;b;", &frames), kEmptyFrame);
  EXPECT_THAT(frames, ElementsAre("a", "b"));
  EXPECT_EQ(SplitFrames(";;", &frames), kEmptyFrame);
  EXPECT_THAT(frames, ElementsAre());
}

TEST(SplitFramesTest, DepthAndNamesAreBounded) {
  std::string deep;
  for (size_t i = 0; i < kMaxFrames; ++i) deep += i == 0 ? "f" : ";f";
  std::vector<std::string_view> frames;
  EXPECT_EQ(SplitFrames(deep, &frames), 0);
  EXPECT_EQ(frames.size(), kMaxFrames);
  EXPECT_EQ(SplitFrames(deep + ";g", &frames), kCut);
  EXPECT_EQ(frames.size(), kMaxFrames);

  EXPECT_EQ(SplitFrames(std::string(kMaxFrameBytes, 'a'), &frames), 0);
  // A cut does not leave half a character.
  const std::string name = std::string(kMaxFrameBytes - 1, 'a') + "é";
  EXPECT_EQ(SplitFrames(name, &frames), kCut);
  EXPECT_THAT(frames, ElementsAre(std::string(kMaxFrameBytes - 1, 'a')));
}

// What AppendReadable must give, written for clarity: whole characters stay, other bytes are
// spelled.
std::string NaiveReadable(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
    };
    const auto in = [&](size_t k, unsigned low, unsigned high) {
      return byte(k) >= low && byte(k) <= high;
    };
    size_t length = 0;
    if (in(0, 0x20, 0x7e)) length = 1;
    if (in(0, 0xc2, 0xdf) && in(1, 0x80, 0xbf)) length = 2;
    if (in(2, 0x80, 0xbf)) {
      if (byte(0) == 0xe0 && in(1, 0xa0, 0xbf)) length = 3;
      if ((in(0, 0xe1, 0xec) || byte(0) == 0xee) && in(1, 0x80, 0xbf)) length = 3;
      if (byte(0) == 0xed && in(1, 0x80, 0x9f)) length = 3;
      if (byte(0) == 0xef && in(1, 0x80, 0xbf)) {
        length = byte(1) == 0xbf && byte(2) >= 0xbe ? 0 : 3;
      }
      if (in(3, 0x80, 0xbf)) {
        const bool plane = (byte(0) == 0xf0 && in(1, 0x90, 0xbf)) ||
                           (in(0, 0xf1, 0xf3) && in(1, 0x80, 0xbf)) ||
                           (byte(0) == 0xf4 && in(1, 0x80, 0x8f));
        const bool last_two = (byte(1) & 0xf) == 0xf && byte(2) == 0xbf && byte(3) >= 0xbe;
        if (plane && !last_two) length = 4;
      }
    }
    if (length == 0) {
      char spelled[5];
      snprintf(spelled, sizeof(spelled), "\\x%02X", byte(0));
      out += spelled;
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

TEST(ReadableTest, AgreesWithNaiveReferenceOnRandomBytes) {
  std::mt19937_64 random(1);
  // Bytes that matter, more often than chance would have them.
  constexpr std::string_view kLikely =
      "aaaaaaaa \x7f\x1f\xc2\xe0\xed\xef\xbf\xbf\xbe\xf0\xf4\x8f\x80\xa0\x9f";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) {
      c = random() % 4 == 0 ? static_cast<char>(random()) : kLikely[random() % kLikely.size()];
    }
    const std::string expected = NaiveReadable(text);
    ASSERT_EQ(Readable(text), expected);
    ASSERT_EQ(IsReadable(text), text == expected);
  }
}

}  // namespace
}  // namespace flamekeep::ingest
