using System.Globalization;
using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis;
using TokenHub.Redis.Resp;

namespace TokenHub.Ledger.WriteOffs;

/// <summary>A hold as it stands in Redis, whatever its deadline.</summary>
public readonly record struct OpenHold(RequestId Rid, long Account, long Key, int GatewayNo, int BootNo, Usd Amount);

/// <summary>Lists the holds of one gateway in Redis, due or not.</summary>
internal sealed class GatewayHolds(IScriptRunner redis)
{
    private const int PageSize = 500;

    /// <summary>Holds of the boots up to <paramref name="lastBoot"/>: a later one has come back and works.</summary>
    public async Task<IReadOnlyList<OpenHold>> ListAsync(int gatewayNo, int lastBoot, CancellationToken ct)
    {
        var holds = new List<OpenHold>();
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            foreach (var hold in await ListAsync(shard, ct))
            {
                if (hold.GatewayNo == gatewayNo && hold.BootNo <= lastBoot)
                {
                    holds.Add(hold with { Amount = await ReadAmountAsync(hold, ct) });
                }
            }
        }

        return holds;
    }

    private async Task<List<OpenHold>> ListAsync(int shard, CancellationToken ct)
    {
        var holds = new List<OpenHold>();
        for (var from = 0L; ; from += PageSize)
        {
            var call = redis.Begin("ZRANGE"u8).Add(RedisKeys.Due(shard)).Add(from).Add(from + PageSize - 1);
            using var reply = await redis.RunAsync(call, ct);
            if (Read(reply.Read(), holds) < PageSize)
            {
                return holds;
            }
        }
    }

    // Members read account|request id|gateway.boot|key.
    private static int Read(RespReader reader, List<OpenHold> holds)
    {
        var count = reader.ReadAggregate();
        for (var i = 0; i < count; i++)
        {
            var parts = Encoding.ASCII.GetString(reader.ReadBytes()).Split('|');
            var owner = parts.Length == 4 ? parts[2].Split('.') : [];
            if (owner.Length == 2 && RequestId.TryParse(RequestId.Prefix + parts[1], out var rid))
            {
                holds.Add(new OpenHold(
                    rid, Number(parts[0]), Number(parts[3]), (int)Number(owner[0]), (int)Number(owner[1]), Usd.Zero));
            }
        }

        return count;
    }

    // The field reads amount|deadline|gateway.boot|key|...; a hold that has gone meanwhile has no amount.
    private async Task<Usd> ReadAmountAsync(OpenHold hold, CancellationToken ct)
    {
        var call = redis.Begin("HGET"u8).Add(RedisKeys.Holds(hold.Account)).Add(hold.Rid);
        using var reply = await redis.RunAsync(call, ct);
        return new Usd(AmountOf(reply.Read()));
    }

    private static long AmountOf(RespReader reader) =>
        reader.IsNull ? 0 : Number(Encoding.ASCII.GetString(reader.ReadBytes()).Split('|')[0]);

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
