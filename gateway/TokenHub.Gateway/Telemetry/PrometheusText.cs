using System.Globalization;
using System.Text;
using TokenHub.Core.Money;

namespace TokenHub.Gateway.Telemetry;

/// <summary>Numbers that are kept elsewhere and read at the moment they are asked for.</summary>
internal readonly record struct GaugeReadings(
    int OpenHolds,
    Usd HeldNow,
    long Unsettled,
    long ChannelCooldowns,
    IReadOnlyList<(long Channel, string Provider, int State)> Channels,
    bool IsReady)
{
    /// <summary>Requests that were lent money while Redis was away.</summary>
    public long GraceServed { get; init; }

    /// <summary>What of that is not settled yet.</summary>
    public Usd GraceLent { get; init; }
}

/// <summary>Writes the metrics in Prometheus' text form. No key, user or request stands in a label.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(GatewayMetrics metrics, in GaugeReadings gauges)
    {
        var text = new StringBuilder(8 << 10);
        Head(text, "tokenhub_requests_total", "counter", "Requests by how they ended.");
        foreach (var (series, count) in metrics.Requests)
        {
            Line(text, "tokenhub_requests_total", Number(count),
                ("protocol", Word(series.Dialect.ToString())), ("model", series.Model), ("provider", series.Provider),
                ("outcome", series.Outcome), ("status", Number(series.Status)));
        }

        Write(text, "tokenhub_request_duration_seconds", "Whole time of requests.", metrics.Duration);
        Write(text, "tokenhub_time_to_first_token_seconds", "Time to the first content.", metrics.FirstToken);
        Write(
            text, "tokenhub_overhead_seconds", "The gateway's own time before a request is sent on.",
            metrics.Admission, ("stage", "admission"));
        WriteQueue(text, metrics.Queue);
        WriteTokens(text, metrics);
        WriteAttempts(text, metrics);
        WriteConversations(text, metrics.Conversations);
        WriteGauges(text, metrics, gauges);
        WriteProcess(text);
        return text.ToString();
    }

    private static void WriteQueue(StringBuilder text, QueueMeter queue)
    {
        Single(text, "tokenhub_queue_length", "gauge", "Requests in line for a channel.", queue.Waiting);
        Write(text, "tokenhub_queue_wait_seconds", "Time that requests stood in line.", queue.Waits);
        Head(text, "tokenhub_queue_total", "counter", "Requests that came to a line, by how that ended.");
        foreach (var (end, count) in queue.Ends)
        {
            Line(text, "tokenhub_queue_total", Number(count), ("end", Word(end)));
        }
    }

    private static void WriteTokens(StringBuilder text, GatewayMetrics metrics)
    {
        var tokens = metrics.Tokens;
        Head(text, "tokenhub_tokens_total", "counter", "Tokens charged, by class.");
        Line(text, "tokenhub_tokens_total", Number(tokens.Input), ("type", "input"));
        Line(text, "tokenhub_tokens_total", Number(tokens.Cached), ("type", "cached"));
        Line(text, "tokenhub_tokens_total", Number(tokens.CacheWrite), ("type", "cache_write"));
        Line(text, "tokenhub_tokens_total", Number(tokens.Output), ("type", "output"));
        Line(text, "tokenhub_tokens_total", Number(tokens.Reasoning), ("type", "reasoning"));

        var cost = metrics.Cost;
        Head(text, "tokenhub_cost_usd_total", "counter", "Dollars charged, and how they are shared.");
        Line(text, "tokenhub_cost_usd_total", cost.Consumer.ToString(), ("side", "consumer"));
        Line(text, "tokenhub_cost_usd_total", cost.Owner.ToString(), ("side", "provider"));
        Line(text, "tokenhub_cost_usd_total", (cost.Consumer - cost.Owner).ToString(), ("side", "platform"));
    }

    private static void WriteAttempts(StringBuilder text, GatewayMetrics metrics)
    {
        Head(text, "tokenhub_upstream_attempts_total", "counter", "Tries at upstreams by what came of them.");
        foreach (var ((provider, fault), count) in metrics.Attempts)
        {
            Line(text, "tokenhub_upstream_attempts_total", Number(count),
                ("provider", provider), ("reason", Word(fault.ToString())));
        }

        Head(text, "tokenhub_ratelimit_rejections_total", "counter", "Requests refused by a limit.");
        foreach (var (limit, count) in metrics.Limits)
        {
            Line(text, "tokenhub_ratelimit_rejections_total", Number(count), ("limit", limit));
        }

        Single(text, "tokenhub_fallbacks_total", "counter", "Second channels that were tried.", metrics.Fallbacks);
        Single(text, "tokenhub_reservation_leaks_total", "counter", "Holds that were never closed.", metrics.Leaks);
    }

    private static void WriteConversations(StringBuilder text, ConversationCounts counts)
    {
        var answers = counts.Answers;
        Head(text, "tokenhub_conversation_answers_total", "counter", "Answers by what they did to a conversation.");
        Line(text, "tokenhub_conversation_answers_total", Number(answers.Begun), ("binding", "begun"));
        Line(text, "tokenhub_conversation_answers_total", Number(answers.Kept), ("binding", "kept"));
        Line(text, "tokenhub_conversation_answers_total", Number(answers.Moved), ("binding", "moved"));
        Line(text, "tokenhub_conversation_answers_total", Number(answers.Unbound), ("binding", "unbound"));
        Single(
            text, "tokenhub_conversation_cache_lost_tokens_total", "counter",
            "Prompt tokens that were cached where conversations have left.", counts.LostTokens);
    }

    private static void WriteGauges(StringBuilder text, GatewayMetrics metrics, in GaugeReadings gauges)
    {
        Single(text, "tokenhub_active_streams", "gauge", "Requests being served.", metrics.Active);
        Single(text, "tokenhub_reservations_open", "gauge", "Requests that hold money.", gauges.OpenHolds);
        Head(text, "tokenhub_reservations_usd", "gauge", "Dollars held.");
        Line(text, "tokenhub_reservations_usd", gauges.HeldNow.ToString());
        Single(
            text, "tokenhub_grace_requests_total", "counter", "Requests lent money while Redis was away.",
            gauges.GraceServed);
        Head(text, "tokenhub_grace_usd", "gauge", "Dollars lent while Redis was away and not settled yet.");
        Line(text, "tokenhub_grace_usd", gauges.GraceLent.ToString());
        Single(text, "tokenhub_settlement_queue_depth", "gauge", "Records not yet in the ledger.", gauges.Unsettled);
        Single(text, "tokenhub_channel_cooldowns_total", "counter", "Cooldowns begun.", gauges.ChannelCooldowns);
        Head(text, "tokenhub_channel_state", "gauge", "0 usable, 1 cooling down, 2 unusable.");
        foreach (var (channel, provider, state) in gauges.Channels)
        {
            Line(text, "tokenhub_channel_state", Number(state), ("channel", Number(channel)), ("provider", provider));
        }

        Single(text, "tokenhub_ready", "gauge", "1 when the gateway can serve money.", gauges.IsReady ? 1 : 0);
    }

    private static void WriteProcess(StringBuilder text)
    {
        Head(text, "tokenhub_build_info", "gauge", "The version that runs.");
        Line(text, "tokenhub_build_info", "1", ("version", GatewayVersion.Text));
        Single(text, "process_resident_memory_bytes", "gauge", "Resident memory.", Environment.WorkingSet);
        Single(text, "process_threads", "gauge", "Threads of the pool.", ThreadPool.ThreadCount);
        Single(text, "dotnet_gc_heap_bytes", "gauge", "Managed heap.", GC.GetTotalMemory(forceFullCollection: false));
        Single(text, "dotnet_gc_allocated_bytes_total", "counter", "Bytes allocated.", GC.GetTotalAllocatedBytes());
        Single(text, "dotnet_gc_collections_total", "counter", "Collections of any generation.", GC.CollectionCount(0));
        Single(
            text, "dotnet_threadpool_queue_length", "gauge", "Work waiting for a thread.",
            ThreadPool.PendingWorkItemCount);
        Head(text, "process_cpu_seconds_total", "counter", "Processor time used.");
        Line(text, "process_cpu_seconds_total",
            Environment.CpuUsage.TotalTime.TotalSeconds.ToString(CultureInfo.InvariantCulture));
    }

    private static void Write(
        StringBuilder text, string name, string help, Histogram histogram, params (string Name, string Value)[] labels)
    {
        Head(text, name, "histogram", help);
        var counts = histogram.Cumulative();
        for (var i = 0; i < counts.Length; i++)
        {
            var isLast = i == histogram.Bounds.Count;
            var bound = isLast ? "+Inf" : histogram.Bounds[i].ToString(CultureInfo.InvariantCulture);
            Line(text, name + "_bucket", Number(counts[i]), [.. labels, ("le", bound)]);
        }

        Line(text, name + "_sum", histogram.Sum.ToString(CultureInfo.InvariantCulture), labels);
        Line(text, name + "_count", Number(counts[^1]), labels);
    }

    private static void Single(StringBuilder text, string name, string type, string help, long value)
    {
        Head(text, name, type, help);
        Line(text, name, Number(value));
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Line(StringBuilder text, string name, string value, params (string Name, string Value)[] labels)
    {
        text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            text.Append(i == 0 ? '{' : ',').Append(labels[i].Name)
                .Append("=\"").Append(Escape(labels[i].Value)).Append('"');
        }

        text.Append(labels.Length > 0 ? "} " : " ").Append(value).Append('\n');
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);

    // ConnectFailed reads connect_failed.
    private static string Word(string name)
    {
        var word = new StringBuilder();
        foreach (var c in name)
        {
            word.Append(char.IsUpper(c) && word.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(c));
        }

        return word.ToString();
    }
}
