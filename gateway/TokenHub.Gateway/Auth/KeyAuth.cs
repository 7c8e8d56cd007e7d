using System.Net;
using Microsoft.AspNetCore.Http;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Auth;

internal enum AuthFault : byte
{
    None = 0,
    Missing,
    Malformed,
    Unknown,
    Disabled,
    Expired,
    UserDisabled,
    AddressNotAllowed,

    /// <summary>Neither Redis nor the control plane could be asked.</summary>
    Unavailable,
}

internal readonly record struct AuthResult(AuthFault Fault, KeyEntry? Key)
{
    public GatewayError ToError() => new(Fault switch
    {
        AuthFault.None => GatewayFault.None,
        AuthFault.Missing => GatewayFault.KeyMissing,
        AuthFault.Malformed => GatewayFault.KeyMalformed,
        AuthFault.Unknown => GatewayFault.KeyUnknown,
        AuthFault.Disabled => GatewayFault.KeyDisabled,
        AuthFault.Expired => GatewayFault.KeyExpired,
        AuthFault.UserDisabled => GatewayFault.UserDisabled,
        AuthFault.AddressNotAllowed => GatewayFault.AddressNotAllowed,
        _ => GatewayFault.KeyUncheckable,
    });
}

/// <summary>Room two: who is calling. Shape and checksum first, for a mistyped key is to cost no look-up.</summary>
internal sealed class KeyAuth(KeyTable keys, ClientAddress addresses, TimeProvider time)
{
    public ValueTask<AuthResult> IdentifyAsync(IHeaderDictionary headers, ReadOnlySpan<char> query, IPAddress? peer)
    {
        var fault = KeyText.TryFind(headers, query, out var hash);
        if (fault != KeyTextFault.None)
        {
            return new ValueTask<AuthResult>(
                new AuthResult(fault == KeyTextFault.Missing ? AuthFault.Missing : AuthFault.Malformed, null));
        }

        var found = keys.FindAsync(hash);
        return found.IsCompletedSuccessfully
            ? new ValueTask<AuthResult>(Check(found.Result, headers, peer))
            : IdentifyAwaited(found, headers, peer);
    }

    private async ValueTask<AuthResult> IdentifyAwaited(
        ValueTask<KeyEntry?> found, IHeaderDictionary headers, IPAddress? peer)
    {
        KeyEntry? key;
        try
        {
            key = await found;
        }
        catch (KeySourceException)
        {
            return new AuthResult(AuthFault.Unavailable, null);
        }

        return Check(key, headers, peer);
    }

    private AuthResult Check(KeyEntry? key, IHeaderDictionary headers, IPAddress? peer)
    {
        if (key is null)
        {
            return new AuthResult(AuthFault.Unknown, null);
        }

        var fault = !key.Record.Enabled ? AuthFault.Disabled
            : !key.Record.UserEnabled ? AuthFault.UserDisabled
            : key.IsExpiredAt(time.GetUtcNow().ToUnixTimeMilliseconds()) ? AuthFault.Expired
            : !key.AllowsAddress(addresses.Of(peer, headers["x-forwarded-for"])) ? AuthFault.AddressNotAllowed
            : AuthFault.None;
        return new AuthResult(fault, fault == AuthFault.None ? key : null);
    }
}
