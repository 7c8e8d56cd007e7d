using System.Globalization;
using System.Text;
using TokenHub.Core.Requests;

namespace TokenHub.Redis.Tests.Model;

/// <summary>The model's state as the keys and values that Redis should hold, one line each, sorted.</summary>
internal static class ModelText
{
    public static string Id(RequestId rid) => rid.ToString()[RequestId.Prefix.Length..];

    public static string Due(long account, RequestId rid, ModelHold hold) =>
        $"{account}|{Id(rid)}|{hold.Owner}|{hold.Key}";

    public static string Charge(ModelCharge charge) =>
        $"{charge.Account}|{charge.Key}|{charge.Cost}|{Encoding.Latin1.GetString(charge.Payload)}";

    public static List<string> Lines(TillModel model)
    {
        var lines = new List<string>();
        foreach (var (no, shard) in model.Shards)
        {
            var tag = $"{{s{no}}}:";
            Add(lines, tag + "ep", shard.Epoch);
            foreach (var (account, state) in shard.Accounts)
            {
                AddAccount(lines, $"{tag}a:{account}", state);
            }

            foreach (var (key, spend) in shard.Spends)
            {
                AddSpend(lines, $"{tag}k:{key}", spend);
            }

            lines.AddRange(shard.Rates.Select(rate => $"{tag}l:{rate.Key} {rate.Value.Requests}|{rate.Value.Tokens}"));
            lines.AddRange(
                shard.UserRates.Select(rate => $"{tag}u:{rate.Key} {rate.Value.Requests}|{rate.Value.Tokens}"));
            lines.AddRange(shard.Holds.SelectMany(of => of.Value.Select(hold => Hold($"{tag}r:{of.Key}", hold))));
            lines.AddRange(shard.Due.Select(due => $"{tag}x {due.Key} {due.Value}"));
            lines.AddRange(shard.Outbox.Select(entry => $"{tag}o {Id(entry.Key)} {Charge(entry.Value)}"));
            lines.AddRange(shard.OutboxTimes.Select(entry => $"{tag}oz {Id(entry.Key)} {entry.Value}"));
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static string Hold(string key, KeyValuePair<RequestId, ModelHold> hold)
    {
        var value = hold.Value;
        return $"{key} {Id(hold.Key)} {value.Amount}|{value.DeadlineMs}|{value.Owner}|{value.Key}|{value.First}{value.Taken}";
    }

    private static void AddAccount(List<string> lines, string key, ModelAccount state)
    {
        if (state.Version is not null)
        {
            Add(lines, $"{key} ver", state.Version);
            Add(lines, $"{key} ep", state.Epoch);
            Add(lines, $"{key} st", state.IsActive ? 1 : 0);
            Add(lines, $"{key} bal", state.Balance);
            Add(lines, $"{key} cap", state.Slots);
        }

        if (state.HasCounters)
        {
            Add(lines, $"{key} pend", state.Held);
            Add(lines, $"{key} uns", state.Unsettled);
        }
    }

    private static void AddSpend(List<string> lines, string key, ModelSpend spend)
    {
        if (spend.Version is not null)
        {
            Add(lines, $"{key} sver", spend.Version);
            Add(lines, $"{key} ep", spend.Epoch);
            Add(lines, $"{key} spent", spend.Spent);
        }

        if (spend.HasCounters)
        {
            Add(lines, $"{key} pend", spend.Held);
            Add(lines, $"{key} uns", spend.Unsettled);
            Add(lines, $"{key} open", spend.Open);
        }
    }

    private static void Add(List<string> lines, string name, long? value)
    {
        if (value is { } number)
        {
            lines.Add(name + " " + number.ToString(CultureInfo.InvariantCulture));
        }
    }
}
