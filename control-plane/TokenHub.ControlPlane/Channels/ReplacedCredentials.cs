using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Changes;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// Keeps refresh tokens that an issuer has given in the place of others: whoever sealed the last one that is stored
/// replaces it, a later report of an earlier one changes nothing.
/// </summary>
internal sealed class ReplacedCredentials(
    NpgsqlDataSource database, ChannelQueries channels, CredentialSeal seal, ChangeNotices changes)
{
    private const string ReplaceSql = """
        update channels
        set sealed_credential = @Sealed
        where id = @Id and sealed_credential = @Before and status <> 'deleted'
        returning owner_user_id
        """;

    /// <summary>Keeps what an upstream's issuer has given, if it has.</summary>
    public async Task KeepAsync(ChannelUpstream upstream, CancellationToken cancellation)
    {
        if (upstream.Replaced is { } secret)
        {
            var row = upstream.Row;
            await ReplaceAsync(
                row.Id, row.SealedCredential, seal.SealAgain(row.Id, row.OwnerUserId, secret.Write()), cancellation);
        }
    }

    /// <summary>Keeps what a gateway reports; null when it does not open as that channel's credential.</summary>
    public async Task<bool?> KeepAsync(PlaneMessages.CredentialReplaced replaced, CancellationToken cancellation)
    {
        var row = await channels.FindAsync(replaced.Channel, onlyUser: null, cancellation);
        return row is null ? false
            : seal.Open(row with { SealedCredential = replaced.Sealed })?.Type != row.CredentialType ? null
            : await ReplaceAsync(replaced.Channel, replaced.Before, replaced.Sealed, cancellation);
    }

    private async Task<bool> ReplaceAsync(
        long channel, string before, string sealedText, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = (await connection.QueryAsync<long?>(new CommandDefinition(
            ReplaceSql, new { Id = channel, Before = before, Sealed = sealedText }, cancellationToken: cancellation)))
            .AsList();
        if (rows.Count == 0)
        {
            return false;
        }

        await changes.ChannelChangedAsync(channel, rows[0]);
        return true;
    }
}
