using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Wallets;

/// <summary>
/// Reads a wallet: what PostgreSQL has posted, less what Redis knows to be charged but not posted yet, and what is held.
/// </summary>
internal sealed class WalletReader(NpgsqlDataSource database, Till till)
{
    private const string BalanceSql = """
        select balance_units as balance from accounts where id = @UserId and kind = 'user'
        """;

    /// <summary>Null when there is no such user.</summary>
    public async Task<WalletView?> ReadAsync(long userId, CancellationToken cancellation)
    {
        var live = await ReadLiveAsync(userId, cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var row = await connection.QuerySingleOrDefaultAsync<BalanceRow>(
            new CommandDefinition(BalanceSql, new { UserId = userId }, cancellationToken: cancellation));
        if (row is null)
        {
            return null;
        }

        // Redis is read first, so PostgreSQL is never behind it. When it is ahead, what was unsettled a moment ago may be
        // posted by now; then Redis' own three numbers, read in one go, are the ones that fit together.
        var posted = new Usd(row.Balance);
        var (balance, held, open) = live.State switch
        {
            null => (posted, Usd.Zero, 0),
            { Unsettled.Units: 0 } state => (posted, state.Held, state.OpenHolds),
            { } state => (state.Balance - state.Unsettled, state.Held, state.OpenHolds),
        };
        return new WalletView
        {
            UserId = WireId.Format(WireId.User, userId),
            Balance = balance,
            Held = held,
            Available = balance - held,
            OpenHolds = open,
            Live = live.IsKnown,
        };
    }

    private async Task<(AccountState? State, bool IsKnown)> ReadLiveAsync(long userId, CancellationToken cancellation)
    {
        try
        {
            return (await till.ReadAccountAsync(userId, cancellation), true);
        }
        catch (RedisUnavailableException)
        {
            return (null, false);
        }
    }

    private sealed record BalanceRow(long Balance);
}
