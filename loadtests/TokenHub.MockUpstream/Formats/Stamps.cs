using System.Buffers.Text;
using System.Diagnostics;

namespace TokenHub.MockUpstream.Formats;

/// <summary>Send times inside chunks, on the monotonic clock that all processes of a machine share.</summary>
public static class Stamps
{
    /// <summary>All stamps are of one length.</summary>
    public const int Digits = 18;

    private static readonly double NanosecondsPerTick = 1e9 / Stopwatch.Frequency;

    public static ReadOnlySpan<byte> Field => ",\"obfuscation\":\""u8;

    public static long NowNs() => (long)(Stopwatch.GetTimestamp() * NanosecondsPerTick);

    /// <summary>The stamp in a chunk's bytes, or a negative number when there is none.</summary>
    public static long Read(ReadOnlySpan<byte> chunk)
    {
        var at = chunk.LastIndexOf(Field);
        return at >= 0
            && chunk.Length >= at + Field.Length + Digits
            && Utf8Parser.TryParse(chunk.Slice(at + Field.Length, Digits), out long stamp, out var used)
            && used == Digits
                ? stamp
                : -1;
    }
}
