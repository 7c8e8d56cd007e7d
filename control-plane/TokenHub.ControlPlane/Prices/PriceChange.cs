using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Prices;

/// <summary>Sets and retires prices: one transaction each, then the news to the gateways.</summary>
internal sealed class PriceChange(NpgsqlDataSource database, ChangeNotices changes)
{
    public async Task<PriceRow> PutAsync(PutPrice body, Caller caller, CancellationToken cancellation)
    {
        if (!ModelNames.IsPattern(body.Model))
        {
            throw RefusedException.Field("model", "bad_model", "must be a model name or a pattern such as gpt-*");
        }

        PriceRules.Check(body);
        var channelId = ParseChannel(body.ChannelId);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (channelId is { } channel
            && !await PriceQueries.ChannelExistsAsync(transaction, channel, cancellation))
        {
            throw RefusedException.Field("channel_id", "unknown_channel", "is not a channel");
        }

        await PriceQueries.LockAsync(transaction, channelId, body.Model, cancellation);
        var current = await PriceQueries.CurrentAsync(transaction, channelId, body.Model, cancellation);

        // Setting what is set already makes no new version: the ledger's history stays readable.
        if (current is not null && current.HasRates(body))
        {
            return current;
        }

        if (current is not null)
        {
            await PriceQueries.RetireAsync(transaction, current.Id, cancellation);
        }

        var row = await PriceQueries.AddAsync(transaction, channelId, body.Model, body, isCurrent: true, cancellation);
        await AuditLog.AddAsync(transaction, caller.UserId, "price.put", row.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.PricesChangedAsync(row.Id);
        return row;
    }

    public async Task RetireAsync(long id, Caller caller, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var row = await PriceQueries.RetireAsync(transaction, id, cancellation)
            ?? throw RefusedException.NotFound("current price");
        await AuditLog.AddAsync(transaction, caller.UserId, "price.retire", row.WireName, cancellation);
        await transaction.CommitAsync(cancellation);
        await changes.PricesChangedAsync(id);
    }

    public static long? ParseChannel(string? id)
    {
        if (id is null)
        {
            return null;
        }

        return WireId.TryParse(WireId.Channel, id, out var number)
            ? number
            : throw RefusedException.Field("channel_id", "bad_id", "must be a channel id such as chn_1001");
    }
}
