using System.Diagnostics;
using System.Globalization;
using TokenHub.Bench.Protocols;

namespace TokenHub.Bench;

/// <summary>
/// Processor time of a chunk translated over that of the same chunk passed as it comes, for each pair of dialects. Both
/// are measured by turns in short rounds, of which the best counts: nothing a neighbour does lasts through all of them.
/// </summary>
internal static class TranslationCost
{
    private const double RatioMax = 3.0;
    private const int Rounds = 200;
    private const int StreamsPerRound = 4;
    private const int TrialsMax = 3;
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(3);

    public static bool Run(TextWriter output)
    {
        CrossedStream[] streams = [.. CrossedStream.All()];
        var rows = Array.ConvertAll(streams, stream => new Row(stream));
        WarmUp(streams);
        for (var trial = 0; trial < TrialsMax && !Array.TrueForAll(rows, row => row.IsOk); trial++)
        {
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var row in rows)
                {
                    row.Measure();
                }
            }
        }

        output.WriteLine("upstream -> client        passed  translated   ratio   bytes allocated per chunk");
        foreach (var row in rows)
        {
            output.WriteLine(row.ToString());
        }

        return Array.TrueForAll(rows, row => row.IsOk);
    }

    // All pairs by turns, so that the compiler does not settle for the first one's codecs.
    private static void WarmUp(CrossedStream[] streams)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < WarmUpTime)
        {
            foreach (var stream in streams)
            {
                stream.Pass();
                stream.Translate();
            }

            Thread.Sleep(1);
        }
    }

    private sealed class Row(CrossedStream stream)
    {
        private TimeSpan _passed = TimeSpan.MaxValue;
        private TimeSpan _translated = TimeSpan.MaxValue;
        private long _bytes = long.MaxValue;

        public bool IsOk => _bytes == 0 && Ratio <= RatioMax;

        private double Ratio => _translated / _passed;

        public void Measure()
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < StreamsPerRound; i++)
            {
                stream.Pass();
            }

            var (middle, bytes) = (Stopwatch.GetTimestamp(), stream.ChunkBytes);
            for (var i = 0; i < StreamsPerRound; i++)
            {
                stream.Translate();
            }

            var end = Stopwatch.GetTimestamp();
            _passed = Best(_passed, Stopwatch.GetElapsedTime(start, middle));
            _translated = Best(_translated, Stopwatch.GetElapsedTime(middle, end));
            _bytes = Math.Min(_bytes, stream.ChunkBytes - bytes);
        }

        public override string ToString()
        {
            var pair = $"{stream.Upstream,-9} -> {stream.Client,-9}";
            var bytes = (double)_bytes / StreamsPerRound / Samples.StreamChunks;
            var (passed, translated) = (Nanoseconds(_passed), Nanoseconds(_translated));
            var verdict = IsOk ? "" : "  TOO MUCH";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{pair} {passed,7:0} ns {translated,8:0} ns  {Ratio,6:0.00}   {bytes:0.##}{verdict}");
        }

        private static TimeSpan Best(TimeSpan one, TimeSpan other) => one < other ? one : other;

        private static double Nanoseconds(TimeSpan round) =>
            round.TotalNanoseconds / StreamsPerRound / Samples.StreamChunks;
    }
}
