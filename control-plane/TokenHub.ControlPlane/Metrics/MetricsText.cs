using System.Globalization;
using System.Text;

namespace TokenHub.ControlPlane.Metrics;

/// <summary>Writes the metrics in Prometheus' text form. No user and no request stands in a label.</summary>
internal static class MetricsText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(MoneyMetrics money, LedgerStand? stand)
    {
        var text = new StringBuilder(4 << 10);
        Single(text, "tokenhub_ledger_up", "gauge", "1 when the database answers.", stand is null ? 0 : 1);
        Single(text, "tokenhub_ledger_posted_total", "counter", "Requests posted by this control plane.", money.Posted);
        Single(
            text, "tokenhub_ledger_parked_total", "counter", "Records set aside because they cannot be posted.",
            money.Parked);
        Single(
            text, "tokenhub_holds_released_total", "counter", "Holds given back that nobody worked for any more.",
            money.Released);
        Single(
            text, "tokenhub_outbox_swept_total", "counter", "Charges that waited in Redis and were seen to.",
            money.FromCopies);
        WriteDelay(text, money);
        if (stand is not null)
        {
            WriteStand(text, stand);
        }

        return text.ToString();
    }

    private static void WriteDelay(StringBuilder text, MoneyMetrics money)
    {
        const string Name = "tokenhub_settlement_lag_seconds";
        Head(text, Name, "histogram", "From a request's end, by its gateway's clock, to its commit in the ledger.");
        var counts = money.Delays();
        for (var i = 0; i < counts.Length; i++)
        {
            var bound = i < MoneyMetrics.DelayBounds.Count ? Number(MoneyMetrics.DelayBounds[i]) : "+Inf";
            Line(text, Name + "_bucket", Number(counts[i]), "le", bound);
        }

        Line(text, Name + "_sum", Number(money.DelaySum));
        Line(text, Name + "_count", Number(counts[^1]));
    }

    private static void WriteStand(StringBuilder text, LedgerStand stand)
    {
        Single(
            text, "tokenhub_dead_letters", "gauge", "Records that were set aside and wait for a person.",
            stand.DeadLetters);
        Single(text, "tokenhub_shards_closed", "gauge", "Shards of Redis that are being rebuilt.", stand.ShardsClosed);
        Single(text, "tokenhub_ledger_unsealed", "gauge", "Transfers without a seal yet, at most.", stand.Unsealed);
        Single(
            text, "tokenhub_ledger_chain_ok", "gauge", "0 when the chain of seals is not the one whose head was kept.",
            stand.IsChainSound ? 1 : 0);
        Head(text, "tokenhub_gateway_up", "gauge", "1 while the gateway has its lease.");
        foreach (var gateway in stand.Gateways)
        {
            Line(text, "tokenhub_gateway_up", gateway.Alive ? "1" : "0", "gateway", gateway.GatewayId);
        }

        Head(text, "tokenhub_gateway_lag_records", "gauge", "Records of a gateway's log that are not in the ledger.");
        foreach (var gateway in stand.Gateways)
        {
            Line(text, "tokenhub_gateway_lag_records", Number(gateway.Lag), "gateway", gateway.GatewayId);
        }

        Head(text, "tokenhub_gateway_open_holds", "gauge", "Requests of a gateway that hold money, as it last told.");
        foreach (var gateway in stand.Gateways)
        {
            Line(text, "tokenhub_gateway_open_holds", Number(gateway.OpenHolds), "gateway", gateway.GatewayId);
        }
    }

    private static void Single(StringBuilder text, string name, string type, string help, long value)
    {
        Head(text, name, type, help);
        Line(text, name, Number(value));
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Line(StringBuilder text, string name, string value, string? label = null, string tag = "")
    {
        text.Append(name);
        if (label is not null)
        {
            var safe = tag.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append('{').Append(label).Append("=\"").Append(safe).Append("\"}");
        }

        text.Append(' ').Append(value).Append('\n');
    }

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
