using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>Answers with bytes that are not what they were: nothing throws, and what is written is sound.</summary>
public sealed class SpoiltAnswerTests
{
    private const int Rounds = 150;

    public static TheoryData<string, Dialect> Cases()
    {
        var cases = new TheoryData<string, Dialect>();
        foreach (var name in GoldenCase.Names())
        {
            var upstream = GoldenCase.Load(name).Dialect;
            if (upstream is Dialect.Anthropic or Dialect.Gemini)
            {
                cases.Add(name, upstream == Dialect.Anthropic ? Dialect.Gemini : Dialect.Anthropic);
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Spoilt_answer_is_written_soundly(string name, Dialect client)
    {
        var golden = GoldenCase.Load(name);
        var random = new Random(name.Length);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Spoil(golden.Bytes, random);
            foreach (var encoder in new[]
            {
                DialectCodecs.Of(client).NewStreamEncoder!(), DialectCodecs.Of(client).NewBodyEncoder!(),
            })
            {
                AssertSound(Encoded.Cross(golden.Dialect, bytes, client, encoder).Text);
            }
        }
    }

    private static byte[] Spoil(byte[] bytes, Random random)
    {
        var spoilt = bytes.ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(spoilt.Count);
            switch (random.Next(4))
            {
                case 0:
                    spoilt[at] = "{}[]\",:\\nu01 x"u8[random.Next(14)];
                    break;
                case 1:
                    spoilt.RemoveRange(at, Math.Min(random.Next(1, 40), spoilt.Count - at));
                    break;
                case 2:
                    var from = random.Next(spoilt.Count);
                    spoilt.InsertRange(at, spoilt.GetRange(from, Math.Min(random.Next(1, 60), spoilt.Count - from)));
                    break;
                default:
                    spoilt.InsertRange(at, "\\ud83d"u8.ToArray());
                    break;
            }
        }

        return [.. spoilt];
    }

    private static void AssertSound(string text)
    {
        if (!text.Contains("data: ", StringComparison.Ordinal))
        {
            JsonDocument.Parse(text).Dispose();
            return;
        }

        foreach (var line in text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            JsonDocument.Parse(Encoding.UTF8.GetBytes(line["data: ".Length..])).Dispose();
        }
    }
}
