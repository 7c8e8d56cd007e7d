using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenHub.Load.Results;

/// <summary>Results as a small table for people and one line of JSON for machines.</summary>
internal static class Report
{
    private static readonly string[] Head =
    [
        "step", "via", "per s", "CPU us", "p50 us", "p90 us", "p99 us", "max us", "RSS idle", "RSS MiB", "CPU %",
        "faults",
    ];

    public static string Table(IReadOnlyList<StepResult> results)
    {
        var rows = new List<string[]> { Head };
        rows.AddRange(results.Select(Row));
        var widths = Enumerable.Range(0, Head.Length).Select(c => rows.Max(r => r[c].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, c) => c < 2 || c == Head.Length - 1
                ? cell.PadRight(widths[c])
                : cell.PadLeft(widths[c]));
            text.AppendLine(string.Join("  ", cells).TrimEnd());
        }

        return text.ToString();
    }

    /// <summary>What else was at work, and how the target stands to a plain proxy in the same round.</summary>
    public static IEnumerable<string> Notes(IReadOnlyList<StepResult> results)
    {
        foreach (var result in results)
        {
            var unit = result.CountsChunks ? "chunk" : "call";
            var others = result.NeighboursCpuMicroseconds
                .Select(n => string.Create(CultureInfo.InvariantCulture, $"{n.Key} {n.Value / result.Units:0.0}"));
            yield return $"{result.Step} via {result.Target}: besides, CPU us a {unit}: {string.Join(", ", others)}";
            var nginx = results.FirstOrDefault(r => r.Step == result.Step && r.Target == "nginx");
            if (nginx is { CpuPerUnit: > 0 } && result.Target == "tokenhub")
            {
                var p50 = result.CountsChunks
            ? result.Transit.P50 - nginx.Transit.P50
            : result.Latency.P50 - nginx.Latency.P50;
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Step}: {result.CpuPerUnit / nginx.CpuPerUnit:0.00} times nginx's CPU a {unit}, "
                    + $"p50 {p50:+0;-0} us");
            }

            foreach (var fault in result.Faults.Kept)
            {
                var verdict = result.IsOk ? "found as expected" : "FAULT";
                yield return $"{result.Step} via {result.Target}: {verdict}: {fault}";
            }
        }
    }

    public static string Json(IReadOnlyList<StepResult> results, bool isOk) => new JsonObject
    {
        ["ok"] = isOk,
        ["results"] = new JsonArray([.. results.Select(r => (JsonNode)JsonOf(r))]),
    }.ToJsonString();

    private static string[] Row(StepResult result)
    {
        var times = result.CountsChunks ? result.Transit : result.Latency;
        return
        [
            result.Step, result.Target,
            Number(result.Units / result.Seconds, "0") + (result.CountsChunks ? " chunks" : " calls"),
            Number(result.CpuPerUnit, "0.0"),
            Number(times.P50, "0"), Number(times.P90, "0"), Number(times.P99, "0"), Number(times.Max, "0"),
            Number(result.IdleKiB / 1024.0, "0"), Number(result.LoadedKiB / 1024.0, "0"),
            Number(result.CpuMicroseconds / result.Seconds / 10_000, "0.0"),
            result.Faults.IsNone ? "none" : result.Faults.ToString(),
        ];
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static JsonObject JsonOf(StepResult result) => new()
    {
        ["scenario"] = result.Scenario,
        ["step"] = result.Step,
        ["via"] = result.Target,
        ["seconds"] = Math.Round(result.Seconds, 3),
        ["calls"] = result.Calls,
        ["chunks"] = result.Chunks,
        ["cpu_us"] = result.CpuMicroseconds,
        ["cpu_us_per_call"] = Math.Round(result.CpuMicroseconds / Math.Max(1, result.Calls), 2),
        ["cpu_us_per_chunk"] = Math.Round(result.CpuMicroseconds / Math.Max(1, result.Chunks), 2),
        ["besides_cpu_us"] = new JsonObject(
            result.NeighboursCpuMicroseconds.Select(
                n => KeyValuePair.Create(n.Key, (JsonNode?)JsonValue.Create(n.Value)))),
        ["latency_us"] = JsonOf(result.Latency),
        ["first_byte_us"] = JsonOf(result.FirstByte),
        ["transit_us"] = JsonOf(result.Transit),
        ["rss_idle_kib"] = result.IdleKiB,
        ["rss_loaded_kib"] = result.LoadedKiB,
        ["faults"] = new JsonObject
        {
            ["lost"] = result.Faults.Lost,
            ["reordered"] = result.Faults.Reordered,
            ["wrong_bytes"] = result.Faults.WrongBytes,
            ["refused"] = result.Faults.Refused,
            ["broken"] = result.Faults.Broken,
        },
    };

    private static JsonObject JsonOf(Percentiles times) => new()
    {
        ["p50"] = Math.Round(times.P50, 1), ["p90"] = Math.Round(times.P90, 1), ["p99"] = Math.Round(times.P99, 1),
        ["max"] = Math.Round(times.Max, 1),
    };
}
