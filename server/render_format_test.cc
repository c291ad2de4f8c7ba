#include "server/render_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flamekeep::server {
namespace {

TEST(RenderFormat, ByNameElseByTheEndOfTheFile) {
  EXPECT_EQ(RenderFormatOf("", "-"), v1::RENDER_FORMAT_FOLDED);
  EXPECT_EQ(RenderFormatOf("", "day.json"), v1::RENDER_FORMAT_FOLDED);
  EXPECT_EQ(RenderFormatOf("", "day.svg"), v1::RENDER_FORMAT_SVG);
  EXPECT_EQ(RenderFormatOf("", "day.pb.gz"), v1::RENDER_FORMAT_PPROF);
  EXPECT_EQ(RenderFormatOf("", "day.pprof"), v1::RENDER_FORMAT_PPROF);
  EXPECT_EQ(RenderFormatOf("", "day.speedscope.json"), v1::RENDER_FORMAT_SPEEDSCOPE);
  EXPECT_EQ(RenderFormatOf("", "day.flamebearer.json"), v1::RENDER_FORMAT_FLAMEBEARER);
  EXPECT_EQ(RenderFormatOf("", "day.d3.json"), v1::RENDER_FORMAT_D3);
  EXPECT_EQ(RenderFormatOf("folded", "day.svg"), v1::RENDER_FORMAT_FOLDED);
  EXPECT_EQ(RenderFormatOf("d3", "day.svg"), v1::RENDER_FORMAT_D3);
}

TEST(RenderFormat, EveryNameIsAFormatOfItsOwn) {
  EXPECT_THAT(RenderFormatNames(),
              testing::ElementsAre("folded", "svg", "pprof", "speedscope", "flamebearer", "d3"));
  int format = v1::RENDER_FORMAT_FOLDED;
  for (const std::string& name : RenderFormatNames()) EXPECT_EQ(RenderFormatOf(name, ""), format++);
}

TEST(RenderFormat, HasAnEndingAndAContentType) {
  EXPECT_EQ(RenderFormatEnding(v1::RENDER_FORMAT_PPROF), ".pb.gz");
  EXPECT_EQ(RenderFormatEnding(v1::RENDER_FORMAT_FOLDED), ".folded");
  EXPECT_EQ(RenderFormatContentType(v1::RENDER_FORMAT_SVG), "image/svg+xml");
  EXPECT_EQ(RenderFormatContentType(v1::RENDER_FORMAT_D3), "application/json");
}

}  // namespace
}  // namespace flamekeep::server
