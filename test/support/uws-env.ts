/** Must be imported before the uWS front is loaded: the library reads this variable only then. */
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = '16384';
